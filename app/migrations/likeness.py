"""The SQL that finds products whose titles look alike, frozen with its migration."""

# ruff: noqa: S608 - nothing in it comes from outside

_HEAD = """CREATE OR REPLACE FUNCTION
products_alike(needle text, visible_to int, everything boolean)
RETURNS TABLE (id text, likeness real) LANGUAGE sql STABLE ROWS 100"""
_SEEN = """(everything OR vendor_id = visible_to
    OR publishing_status = 'published' AND deleted_at IS NULL)"""


def alike(*, trigrams: bool, title: str = "title") -> str:
    """The statement that makes `products_alike`.

    With pg_trgm it looks for titles that share trigrams with the needle; without, for those in
    which some word begins as one of the needle's does. Either looks at so many and no more.

    Args:
        trigrams: Whether the database has pg_trgm.
        title: What of a title its index of trigrams holds.
    """
    if trigrams:
        return f"""{_HEAD} SET pg_trgm.word_similarity_threshold = 0.35 AS $$
            SELECT id, word_similarity(needle, {title}) FROM products
            WHERE needle <% {title} AND {_SEEN} LIMIT 2000
        $$"""
    return f"""{_HEAD} AS $$
        WITH beginnings AS (
            SELECT to_tsquery('simple', string_agg(
                left(word, greatest(3, length(word) / 2)) || ':*', ' | ')) AS query
            FROM regexp_split_to_table(lower(needle), '[^[:alnum:]]+') AS word
            WHERE length(word) >= 3
        )
        SELECT id, ts_rank(search, query) FROM products, beginnings
        WHERE search @@ query AND {_SEEN} LIMIT 2000
    $$"""
