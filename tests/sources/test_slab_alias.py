from pathlib import Path

from brimful.evidence.event import Fact
from brimful.evidence.origin import Unread
from brimful.roots.base import Document
from brimful.sources.slab_alias import slab_alias

CAPTURES = Path(__file__).parents[1] / "captures" / "slab_alias"


def read(data):
    items = list(slab_alias(Document("ls -l /sys/kernel/slab", "file", data)))
    return {item.place: item.value for item in items if isinstance(item, Fact)}, items


def test_each_name_of_a_merged_cache_is_known_with_all_its_names():
    facts, items = read((CAPTURES / "sosreport" / "ls_-lt_.sys.kernel.slab").read_bytes())
    assert facts["slab skbuff_fclone_cache"] == "sgpool-16, skbuff_fclone_cache"
    assert facts["slab sgpool-16"] == "sgpool-16, skbuff_fclone_cache"
    assert "slab skbuff_head_cache" not in facts
    assert not any(isinstance(item, Unread) for item in items)


def test_links_to_one_folder_are_one_cache():
    text = (
        "/sys/kernel/slab:\ntotal 0\ndrwxr-xr-x 2 root root 0 Nov 21 10:03 :0000512\n"
        "lrwxrwxrwx 1 root root 0 Nov 21 10:03 pool_workqueue -> :0000512\n"
        "lrwxrwxrwx. 1 root root 0 Nov 21 10:03 skbuff_fclone_cache -> ../slab/:0000512\n"
        "lrwxrwxrwx 1 root root 0 Nov 21 10:03 alone -> :A-0000064\n"
    )
    both = "pool_workqueue, skbuff_fclone_cache"
    facts, items = read(text.encode())
    assert facts == {"slab pool_workqueue": both, "slab skbuff_fclone_cache": both}
    assert [item.origin.line for item in items] == [4, 5]


def test_another_line_costs_itself():
    assert [item.origin.line for item in read(b"total 0\nls: cannot open\n")[1]] == [2]
