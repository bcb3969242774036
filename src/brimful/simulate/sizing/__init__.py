"""How large a buffer must be, or how long it lasts: closed forms, each answer with its formula and its inputs.

The forms are those of `brimful.simulate.laws` and of `brimful.evidence.pcie_capacity`.
"""

from brimful.simulate.sizing.answer import Answer, Input, Missing, Question, Simulated
from brimful.simulate.sizing.buffer import BUFFER
from brimful.simulate.sizing.bus import HEADROOM, SLOT
from brimful.simulate.sizing.ring import POLL, RING, STALL

__all__ = ["QUESTIONS", "Answer", "Input", "Missing", "Question", "Simulated"]

QUESTIONS = {question.name: question for question in (RING, STALL, POLL, SLOT, BUFFER, HEADROOM)}
"""What can be asked, by name."""
