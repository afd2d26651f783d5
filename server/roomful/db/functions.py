"""SQL functions that the two databases spell differently."""

from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

ID_PREFIX_CHARS = 15
"""Of an id, as `id_with` takes it: the time, and the version of UUIDs."""


class id_with(FunctionElement[str]):  # used like a function of SQL
    """A new UUIDv7 for each row, of the time that the first ID_PREFIX_CHARS of another id say."""

    type = String()
    inherit_cache = True


class json_texts(FunctionElement[str]):
    """The texts in a JSON array, as rows: `json_texts(bindparam("people")).table_valued("value")`."""

    inherit_cache = True


class texts_of(FunctionElement[list[str]]):
    """The texts in a column, of all rows, as a JSON array."""

    type = JSON()
    inherit_cache = True


class texts_replaced(FunctionElement[list[str]]):
    """The JSON array of texts `(texts, old, new)` with `new` in the place of `old`, and nowhere else."""

    type = JSON()
    inherit_cache = True


class texts_without(FunctionElement[list[str]]):
    """The JSON array of texts `(texts, old)` without `old`."""

    type = JSON()
    inherit_cache = True


@compiles(id_with, "postgresql")
def _id_with_postgresql(element: id_with, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} || substr(gen_random_uuid()::text, {ID_PREFIX_CHARS + 1}))"


@compiles(id_with, "sqlite")
def _id_with_sqlite(element: id_with, compiler: SQLCompiler, **options: Any) -> str:
    def three() -> str:
        return "substr(hex(randomblob(2)), 1, 3)"

    prefix = compiler.process(element.clauses, **options)
    return f"({prefix} || lower({three()} || '-a' || {three()} || '-' || hex(randomblob(6))))"


@compiles(json_texts, "postgresql")
def _json_texts_postgresql(element: json_texts, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"


@compiles(json_texts, "sqlite")
def _json_texts_sqlite(element: json_texts, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(texts_of, "postgresql")
def _texts_of_postgresql(element: texts_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"coalesce(json_agg({compiler.process(element.clauses, **options)}), '[]')"


@compiles(texts_of, "sqlite")
def _texts_of_sqlite(element: texts_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **options)})"


@compiles(texts_replaced, "postgresql")
def _texts_replaced_postgresql(element: texts_replaced, compiler: SQLCompiler, **options: Any) -> str:
    texts, old, new = (compiler.process(clause, **options) for clause in element.clauses)
    return _array_postgresql(texts, f"CASE text WHEN {old} THEN {new} ELSE text END", f"text <> {new}")


@compiles(texts_replaced, "sqlite")
def _texts_replaced_sqlite(element: texts_replaced, compiler: SQLCompiler, **options: Any) -> str:
    texts, old, new = (compiler.process(clause, **options) for clause in element.clauses)
    return _array_sqlite(texts, f"CASE value WHEN {old} THEN {new} ELSE value END", f"value <> {new}")


@compiles(texts_without, "postgresql")
def _texts_without_postgresql(element: texts_without, compiler: SQLCompiler, **options: Any) -> str:
    texts, old = (compiler.process(clause, **options) for clause in element.clauses)
    return _array_postgresql(texts, "text", f"text <> {old}")


@compiles(texts_without, "sqlite")
def _texts_without_sqlite(element: texts_without, compiler: SQLCompiler, **options: Any) -> str:
    texts, old = (compiler.process(clause, **options) for clause in element.clauses)
    return _array_sqlite(texts, "value", f"value <> {old}")


def _array_postgresql(texts: str, value: str, condition: str) -> str:
    each = f"json_array_elements_text({texts}) WITH ORDINALITY AS each(text, place)"
    return f"(SELECT coalesce(json_agg({value} ORDER BY place), '[]') FROM {each} WHERE {condition})"


def _array_sqlite(texts: str, value: str, condition: str) -> str:
    return f"(SELECT json_group_array({value}) FROM json_each({texts}) WHERE {condition})"
