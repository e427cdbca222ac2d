"""DynamicPartitionsTests: partition keys that come and go at run time."""

from typing import Any

import pytest

from runrack.errors import InvalidArgumentError
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.testing.builders import make_materialization
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_threads, needs


def _keys(storage: EventLogStorage, name: str = "def", **page: Any) -> list[str]:
    return list(storage.get_dynamic_partitions(name, **page))


class DynamicPartitionsTests(ConformanceSuite[EventLogStorage]):
    """What a `DynamicPartitions` does."""

    def test_keys_come_in_the_order_in_which_they_were_added(self, storage: EventLogStorage) -> None:
        """Keys are listed as they were added, over several calls, or in reverse.

        Look at what the query orders by: an id that grows with adding, not the key or the time.
        """
        storage.add_dynamic_partitions("def", ["b", "a"])
        storage.add_dynamic_partitions("def", ["d", "c"])
        assert _keys(storage) == ["b", "a", "d", "c"]
        assert _keys(storage, ascending=False) == ["c", "d", "a", "b"]

    def test_an_unknown_definition_has_no_keys(self, storage: EventLogStorage) -> None:
        """An unknown name gives nothing and False.

        Look at what you return when no row is found.
        """
        assert (_keys(storage, "x"), storage.has_dynamic_partition("x", "a")) == ([], False)

    def test_a_key_is_added_once(self, storage: EventLogStorage) -> None:
        """Keys that exist stay where they are, and the same key twice in one call counts once.

        Look at the unique key of name and key, and at repeats within one call.
        """
        storage.add_dynamic_partitions("def", ["a", "b", "a"])
        storage.add_dynamic_partitions("def", ["c", "b", "c"])
        assert _keys(storage) == ["a", "b", "c"]

    def test_adding_no_keys_is_no_error(self, storage: EventLogStorage) -> None:
        """An empty list changes nothing.

        Look at the statement that an empty list makes.
        """
        storage.add_dynamic_partitions("def", [])
        assert _keys(storage) == []

    def test_definitions_are_apart(self, storage: EventLogStorage) -> None:
        """Each name is a namespace of its own, compared by code point.

        Look at the condition on the name in every statement, and at its collation.
        """
        for name in ("def", "DEF", "def ", "d%f"):
            storage.add_dynamic_partitions(name, [f"of {name}"])
        storage.delete_dynamic_partition("def", "of DEF")
        found = {name: _keys(storage, name) for name in ("def", "DEF", "def ", "d%f", "d_f")}
        assert found == {name: [f"of {name}"] if name != "d_f" else [] for name in found}

    def test_partition_keys_are_exact(self, storage: EventLogStorage) -> None:
        """Keys compare by code point: case, accents, blanks and wildcards count.

        Look at the collation of the column, trailing blanks, and escapes in LIKE.
        """
        keys = ["a", "A", "a ", "á", "a\u0301", "%", "_", "", "🚀", "'", '"', "\\", "x" * 500]
        storage.add_dynamic_partitions("def", keys)
        assert _keys(storage) == keys
        assert all(storage.has_dynamic_partition("def", key) for key in keys)
        assert not any(storage.has_dynamic_partition("def", key) for key in ("A ", "b", "%%"))

    @needs(Ability.KEEPS_NUL_IN_NAMES)
    def test_nul_does_not_end_a_key(self, storage: EventLogStorage) -> None:
        """Keys that are equal up to a NUL differ.

        Look at the driver and the type of the column: some end text at NUL. If so, do not declare the ability.
        """
        storage.add_dynamic_partitions("def", ["a\0b", "a\0c"])
        assert _keys(storage) == ["a\0b", "a\0c"]

    @pytest.mark.parametrize("keys", ["abc", "", ["a", 1], [None], [["a"]]])
    def test_keys_are_a_list_of_strings(self, storage: EventLogStorage, keys: Any) -> None:
        """One string, or anything else than strings, raises InvalidArgumentError and adds nothing.

        Look at the check of the argument: a string is a sequence of strings, too.
        """
        with pytest.raises(InvalidArgumentError):
            storage.add_dynamic_partitions("def", keys)
        assert _keys(storage) == []

    def test_a_removed_key_comes_back_at_the_end(self, storage: EventLogStorage) -> None:
        """A key that was removed is gone; added again it stands at the end.

        Look at whether removing deletes the row: one that is only hidden keeps its old place.
        """
        storage.add_dynamic_partitions("def", ["a", "b", "c"])
        storage.delete_dynamic_partition("def", "a")
        assert (_keys(storage), storage.has_dynamic_partition("def", "a")) == (["b", "c"], False)
        storage.add_dynamic_partitions("def", ["a", "b"])
        assert _keys(storage) == ["b", "c", "a"]

    def test_the_last_key_can_come_back(self, storage: EventLogStorage) -> None:
        """Removing the newest key and adding others keeps the order of adding.

        Look at ids that the database gives twice after the newest row is deleted.
        """
        storage.add_dynamic_partitions("def", ["a", "b"])
        storage.delete_dynamic_partition("def", "b")
        storage.add_dynamic_partitions("def", ["c", "b"])
        assert _keys(storage) == ["a", "c", "b"]

    def test_removing_nothing_is_no_error(self, storage: EventLogStorage) -> None:
        """Removing a key that does not exist changes nothing.

        Look for an error when no row was deleted.
        """
        storage.add_dynamic_partitions("def", ["a"])
        storage.delete_dynamic_partition("def", "x")
        storage.delete_dynamic_partition("x", "a")
        assert _keys(storage) == ["a"]

    def test_events_outlive_their_partition(self, storage: EventLogStorage) -> None:
        """Removing a key leaves the events of that partition.

        Look for a cascade from partitions to events.
        """
        storage.add_dynamic_partitions("def", ["a"])
        entry = make_materialization(partition="a")
        storage.store_event(entry)
        storage.delete_dynamic_partition("def", "a")
        assert list(storage.get_logs_for_run("run")) == [entry]

    @pytest.mark.parametrize(
        ("page", "expected"),
        [
            ({"limit": 0}, []),
            ({"limit": 2}, ["c", "a"]),
            ({"limit": 9}, ["c", "a", "d", "b"]),
            ({"after_key": "a"}, ["d", "b"]),
            ({"after_key": "a", "limit": 1}, ["d"]),
            ({"after_key": "b"}, []),
            ({"after_key": "x"}, []),
            ({"after_key": "d", "ascending": False}, ["a", "c"]),
            ({"after_key": "c", "ascending": False}, []),
            ({"limit": 1, "ascending": False}, ["b"]),
        ],
    )
    def test_partition_keys_are_paged(
        self, storage: EventLogStorage, page: dict[str, Any], expected: list[str]
    ) -> None:
        """A limit cuts, `after_key` continues in the direction read, and gives nothing when it does not exist.

        Look at the row of `after_key`: what is compared is its place, in the direction read.
        """
        storage.add_dynamic_partitions("def", ["c", "a", "d", "b"])
        assert _keys(storage, **page) == expected

    @pytest.mark.parametrize("ascending", [True, False])
    def test_pages_of_keys_outlive_the_key_they_ended_with(
        self, storage: EventLogStorage, ascending: bool
    ) -> None:
        """Pages give every key once, with an exact `has_more`, also when the key is removed with which one ended.

        Look at what the cursor holds: the place of the key, not the key.
        """
        keys = ["c", "a", "d", "b"] if ascending else ["b", "d", "a", "c"]
        storage.add_dynamic_partitions("def", ["c", "a", "d", "b"])
        first = storage.get_paginated_dynamic_partitions("def", 2, ascending)
        assert (list(first.results), first.has_more) == (keys[:2], True)
        storage.delete_dynamic_partition("def", keys[1])
        second = storage.get_paginated_dynamic_partitions("def", 2, ascending, first.cursor)
        assert (list(second.results), second.has_more) == (keys[2:], False)
        third = storage.get_paginated_dynamic_partitions("def", 2, ascending, second.cursor)
        assert (list(third.results), third.cursor, third.has_more) == ([], second.cursor, False)

    def test_a_page_of_no_keys_means_the_beginning(self, storage: EventLogStorage) -> None:
        """The cursor of a page of an unknown definition, and that of an empty page, continue at the beginning.

        Look at the cursor that an empty page gives: it is valid and lies before everything.
        """
        page = storage.get_paginated_dynamic_partitions("def", 2)
        assert (list(page.results), page.has_more) == ([], False)
        storage.add_dynamic_partitions("def", ["a"])
        for ascending in (True, False):
            following = storage.get_paginated_dynamic_partitions("def", 2, ascending, page.cursor)
            assert list(following.results) == ["a"]
        assert storage.get_paginated_dynamic_partitions("def", 0).has_more

    @pytest.mark.parametrize("page", [{"limit": -1}, {"limit": 1, "cursor": "no cursor"}])
    def test_a_wrong_page_of_keys_is_refused(self, storage: EventLogStorage, page: dict[str, Any]) -> None:
        """A negative limit and a malformed cursor raise InvalidArgumentError.

        Look at the checks before the query: limit and cursor.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_paginated_dynamic_partitions("def", **page)

    def test_existing_keys_are_picked_out(self, storage: EventLogStorage) -> None:
        """Of 2,000 keys asked for at once, those that exist are returned.

        Look at the number of parameters of one statement: ask in portions.
        """
        storage.add_dynamic_partitions("def", ["a", "b"])
        storage.add_dynamic_partitions("other", ["0"])
        asked = ["a", "A", "b", *(f"{number}" for number in range(2_000))]
        assert storage.get_existing_dynamic_partitions("def", asked) == {"a", "b"}
        assert storage.get_existing_dynamic_partitions("unknown", asked) == set()
        assert storage.get_existing_dynamic_partitions("def", []) == set()

    def test_the_id_of_a_definition_follows_its_keys(self, storage: EventLogStorage) -> None:
        """The id of a definition is the same for the same keys in the same order, and differs otherwise.

        Look at what the id is made from: all keys in their order.
        """
        seen = []
        for keys in (["a", "b"], ["b", "a"], ["a"], ["ab"], []):
            storage.wipe()
            storage.add_dynamic_partitions("def", keys)
            seen.append(storage.get_dynamic_partitions_definition_id("def"))
        assert len(set(seen)) == 5
        assert storage.get_dynamic_partitions_definition_id("unknown") == seen[-1]

    def test_a_thousand_keys_are_added_at_once(self, storage: EventLogStorage) -> None:
        """One call may add 2,000 keys.

        Look at the number of parameters of one statement: add in portions, in one transaction.
        """
        keys = [f"{index}" for index in range(2_000)]
        storage.add_dynamic_partitions("def", keys)
        assert _keys(storage) == keys

    def test_threads_add_the_same_keys(self, storage: EventLogStorage) -> None:
        """8 threads that add the same keys at once all succeed, and each key is there once.

        Look at the insert: one that ignores what exists, rather than a look before it.
        """
        keys = [f"{index}" for index in range(20)]
        in_threads(lambda _number: storage.add_dynamic_partitions("def", keys))
        assert sorted(_keys(storage)) == sorted(keys)
