"""The domain's table of what probes read is made from their cards."""

from docs.probed import MODULE, module


def test_the_table_is_as_the_cards_have_it() -> None:
    assert MODULE.read_text() == module(), "make docs"
