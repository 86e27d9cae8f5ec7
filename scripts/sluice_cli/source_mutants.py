"""Rewrites headers so that one build has every mutant of them: what may be mutated calls harness/source_mutant.hpp, which
asks the environment for the mutant of the process."""

from __future__ import annotations

import dataclasses
import pathlib
import re

import clang.cindex
from clang.cindex import Cursor, CursorKind

from sluice_cli.mutate import SourceMutant

NAMESPACE = "::sluice::source_mutant"
HEADER = "harness/source_mutant.hpp"
MOST = 1 << 14  # as there

FUNCTIONS = (
    CursorKind.FUNCTION_DECL,
    CursorKind.FUNCTION_TEMPLATE,
    CursorKind.CXX_METHOD,
    CursorKind.CONSTRUCTOR,
    CursorKind.DESTRUCTOR,
    CursorKind.CONVERSION_FUNCTION,
)
# What holds constants, types or text, in which nothing is mutated.
OPAQUE = (
    CursorKind.STATIC_ASSERT,
    CursorKind.TEMPLATE_REF,
    CursorKind.TYPE_REF,
    CursorKind.TYPE_ALIAS_DECL,
    CursorKind.TYPEDEF_DECL,
    CursorKind.DECL_REF_EXPR,
    CursorKind.CXX_UNARY_EXPR,  # sizeof
)
COMPARISONS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
BOUNDARIES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
ARITHMETIC = {"+": ("plus", "-"), "-": ("minus", "+"), "&": ("bits_of_both", "|"), "|": ("bits_of_either", "&")}
STATEMENTS = (
    CursorKind.CALL_EXPR,
    CursorKind.BINARY_OPERATOR,
    CursorKind.COMPOUND_ASSIGNMENT_OPERATOR,
    CursorKind.UNARY_OPERATOR,
    CursorKind.UNEXPOSED_EXPR,
)
WRAPPERS = (CursorKind.UNEXPOSED_EXPR, CursorKind.PAREN_EXPR)
LOCKS = re.compile(r"\b(unique_lock|spin_then_lock)\b")
# Those of one mutex, which a unique_lock can stand for.
SCOPED_LOCKS = re.compile(r"\bstd::(lock_guard|scoped_lock)\b[^,]*$")
# Statements that tell the harness something, or end the program where its user is wrong.
TELLS = re.compile(r"\w*::?expects\(|static_cast<void>|\(void\)|assert\(")


@dataclasses.dataclass
class _Edits:
    """Insertions at offsets of a text. Of two at one place, an outer expression's beginning comes first and its end last."""

    before: dict[int, list[str]] = dataclasses.field(default_factory=dict)
    after: dict[int, list[str]] = dataclasses.field(default_factory=dict)
    replaced: dict[int, tuple[int, str]] = dataclasses.field(default_factory=dict)

    def wrap(self, start: int, end: int, prefix: str, suffix: str) -> None:
        """Outer expressions must be wrapped before inner ones."""
        self.before.setdefault(start, []).append(prefix)
        self.after.setdefault(end, []).insert(0, suffix)

    def replace(self, start: int, end: int, text: str) -> None:
        self.replaced[start] = (end, text)

    def applied_to(self, text: bytes) -> bytes:
        out = []
        at = 0
        while at <= len(text):
            # What ends here ends before the next begins.
            out += [piece.encode() for piece in self.after.get(at, ())]
            out += [piece.encode() for piece in self.before.get(at, ())]
            if at in self.replaced:
                at, piece = self.replaced[at]
                out.append(piece.encode())
            else:
                out.append(text[at : at + 1])
                at += 1
        return b"".join(out)


class Rewriter:
    """Rewrites headers, which are parsed together."""

    def __init__(self, folder: pathlib.Path, files: list[str], arguments: list[str]):
        """Raises ValueError if a header cannot be parsed, or there is too much to change."""
        self.mutants: list[SourceMutant] = []
        self.rewritten: dict[str, bytes] = {}  # the text of each header with its mutants
        self.paths = {str(folder / file): file for file in files}
        all_of_them = "all_headers.cpp"
        unit = clang.cindex.Index.create().parse(
            all_of_them,
            args=["-x", "c++", *arguments],
            unsaved_files=[(all_of_them, "".join(f'#include "{path}"\n' for path in self.paths))],
        )
        errors = [d for d in unit.diagnostics if d.severity >= clang.cindex.Diagnostic.Error]
        if errors:
            raise ValueError(f"{errors[0].location.file or folder} cannot be parsed: {errors[0].spelling}")
        self.functions: dict[str, list[Cursor]] = {file: [] for file in files}
        self.announcers: set[str] = set()
        self._collect(unit.cursor)
        for path, self.file in self.paths.items():
            self.path = path
            self.text = pathlib.Path(path).read_bytes()
            self.lines = self.text.decode().splitlines()
            self.edits = _Edits()
            for function in self.functions[self.file]:
                self._function(function)
            if len(self.mutants) > MOST:
                raise ValueError(
                    f"{folder} has more than {MOST:,} places to change, which is more than one build can have"
                )
            self.rewritten[self.file] = b"#include <" + HEADER.encode() + b">\n" + self.edits.applied_to(self.text)

    def _collect(self, cursor: Cursor) -> None:
        """Finds the headers' functions, and the fields that only announce accesses."""
        for child in cursor.get_children():
            file = self.paths.get(child.location.file.name) if child.location.file else None
            if file and child.kind in FUNCTIONS:
                self.functions[file].append(child)
            elif file and child.kind == CursorKind.FIELD_DECL and "plain_fields" in child.type.spelling:
                self.announcers.add(child.spelling)
            elif file or child.kind == CursorKind.NAMESPACE:
                self._collect(child)

    def _add(self, cursor: Cursor, change: str) -> int:
        line = cursor.location.line if cursor.kind != CursorKind.BINARY_OPERATOR else cursor.extent.start.line
        code = self.lines[line - 1].strip()
        self.mutants.append(SourceMutant(len(self.mutants), self.file, line, self.function, code, change))
        return self.mutants[-1].number

    def _here(self, cursor: Cursor) -> bool:
        return cursor.location.file is not None and cursor.location.file.name == self.path

    def _source(self, cursor: Cursor) -> str:
        return self.text[cursor.extent.start.offset : cursor.extent.end.offset].decode()

    def _function(self, function: Cursor) -> None:
        if "consteval" in {token.spelling for token in function.get_tokens()}:
            return
        self.function = function.spelling
        for child in function.get_children():
            if child.kind == CursorKind.COMPOUND_STMT:
                self._visit(child)

    def _visit(self, cursor: Cursor) -> None:
        """Mutates an expression or statement, then what is in it."""
        if cursor.kind in OPAQUE or not self._here(cursor):
            return
        if cursor.kind == CursorKind.VAR_DECL and re.match(r"(static )?constexpr\b", self._source(cursor)):
            return
        if cursor.kind == CursorKind.CALL_EXPR and TELLS.match(self._source(cursor)):
            return
        children = list(cursor.get_children())
        if cursor.kind == CursorKind.COMPOUND_STMT:
            for child in children:
                self._statement(child)
        elif cursor.kind == CursorKind.IF_STMT:
            return self._if(cursor, children)
        elif cursor.kind == CursorKind.WHILE_STMT:
            if len(children) == 2:
                self._condition(children[0])
            self._statement(children[-1])
        elif cursor.kind == CursorKind.FOR_STMT:
            self._statement(children[-1])
        elif cursor.kind == CursorKind.CONDITIONAL_OPERATOR:
            self._condition(children[0])
        elif cursor.kind == CursorKind.CASE_STMT:
            children = children[1:]
        elif cursor.kind == CursorKind.BINARY_OPERATOR and len(children) == 2:
            self._binary(cursor, *children)
        elif self._is_negation(cursor):
            self._condition_itself(cursor)
        elif cursor.kind == CursorKind.INTEGER_LITERAL:
            self._integer(cursor)
        elif cursor.kind == CursorKind.CXX_BOOL_LITERAL_EXPR:
            self._boolean(cursor)
        for child in children:
            self._visit(child)

    def _if(self, cursor: Cursor, children: list[Cursor]) -> None:
        end = self._end_of_parentheses(cursor.extent.start.offset)
        tested = [child for child in children if child.extent.start.offset < end]
        constant = re.match(r"if\s*(constexpr|consteval|!)", self._source(cursor))
        if len(tested) == 1 and not constant:
            self._condition(tested[0])
        for child in children:
            if child not in tested:
                self._statement(child)
            elif constant:
                continue
            self._visit(child)

    def _end_of_parentheses(self, offset: int) -> int:
        """Where the first parentheses after a place end."""
        depth = 0
        for at in range(self.text.index(b"(", offset), len(self.text)):
            depth += {b"(": 1, b")": -1}.get(self.text[at : at + 1], 0)
            if depth == 0:
                return at
        return len(self.text)

    def _inner(self, cursor: Cursor) -> Cursor:
        """An expression without the conversions and parentheses around it."""
        while cursor.kind in WRAPPERS and len(children := list(cursor.get_children())) == 1:
            cursor = children[0]
        return cursor

    def _condition(self, cursor: Cursor) -> None:
        """Negates a condition that is not mutated for itself."""
        inner = self._inner(cursor)
        itself = inner.kind == CursorKind.BINARY_OPERATOR and self._operator(inner)[0] in (
            *COMPARISONS,
            *("==", "!=", "&&", "||"),
        )
        if cursor.kind.is_expression() and not itself and not self._is_negation(inner):
            self._condition_itself(cursor)

    def _is_negation(self, cursor: Cursor) -> bool:
        # An overloaded != that stands for the negation of == begins at its operator.
        source = self._source(cursor)
        return cursor.kind == CursorKind.UNARY_OPERATOR and source[:1] == "!" and source[:2] != "!="

    def _condition_itself(self, cursor: Cursor) -> None:
        if self._source(cursor) in ("true", "false"):
            return
        number = self._add(cursor, f"{self._short(cursor)} negated")
        self._wrap(cursor, f"{NAMESPACE}::condition({number}, static_cast<bool>(", "))")

    def _wrap(self, cursor: Cursor, prefix: str, suffix: str) -> None:
        self.edits.wrap(cursor.extent.start.offset, cursor.extent.end.offset, prefix, suffix)

    def _short(self, cursor: Cursor) -> str:
        text = " ".join(self._source(cursor).split())
        return text if len(text) <= 60 else text[:57] + "..."

    def _operator(self, cursor: Cursor) -> tuple[str, int, int]:
        """A binary operator's text, and where it is."""
        left, right = cursor.get_children()
        between = self.text[left.extent.end.offset : right.extent.start.offset].decode()
        found = re.search(r"[^\s()]+", re.sub(r"//[^\n]*|/\*.*?\*/", lambda m: " " * len(m[0]), between))
        if not found:
            return "", 0, 0
        start = left.extent.end.offset + found.start()
        return found[0], start, start + len(found[0])

    def _binary(self, cursor: Cursor, left: Cursor, right: Cursor) -> None:
        operator, start, end = self._operator(cursor)
        if operator in COMPARISONS:
            first = self._add(cursor, f"{self._short(cursor)}: {BOUNDARIES[operator]}")
            self._add(cursor, f"{self._short(cursor)} negated")
            self._wrap(cursor, f"{NAMESPACE}::{COMPARISONS[operator]}({first}, ", ")")
            self.edits.replace(start, end, ",")
        elif operator in ("==", "!="):
            self._condition_itself(cursor)
        elif operator in ("&&", "||"):
            for operand in (left, right):
                number = self._add(cursor, f"without {self._short(operand)}")
                if operator == "&&":
                    self._wrap(operand, f"({NAMESPACE}::on({number}) || static_cast<bool>(", "))")
                else:
                    self._wrap(operand, f"(!{NAMESPACE}::on({number}) && static_cast<bool>(", "))")
        elif operator in ARITHMETIC:
            function, other = ARITHMETIC[operator]
            number = self._add(cursor, f"{self._short(cursor)}: {other}")
            self._wrap(cursor, f"{NAMESPACE}::{function}({number}, ", ")")
            self.edits.replace(start, end, ",")

    def _integer(self, cursor: Cursor) -> None:
        text = self._source(cursor)
        if not re.fullmatch(r"[0-9a-fA-Fx']+[uUlLzZ]*", text):
            return
        mutated = {"0": "1", "1": "0"}.get(re.sub(r"[uUlLzZ]+$", "", text), f"{text} + 1")
        suffix = re.search(r"[uUlLzZ]*$", text)[0]
        mutated += suffix if mutated in ("0", "1") else ""
        number = self._add(cursor, f"{text}: {mutated}")
        self._wrap(cursor, f"{NAMESPACE}::literal({number}, ", f", {mutated})")

    def _boolean(self, cursor: Cursor) -> None:
        text = self._source(cursor)
        if text in ("true", "false"):
            number = self._add(cursor, f"{text}: {'false' if text == 'true' else 'true'}")
            self._wrap(cursor, f"{NAMESPACE}::condition({number}, ", ")")

    def _reword(self, cursor: Cursor, at: int, word: str, instead: str) -> None:
        start = cursor.extent.start.offset + len(self._source(cursor)[:at].encode())
        self.edits.replace(start, start + len(word.encode()), instead)

    def _statement(self, cursor: Cursor) -> None:
        """Leaves a statement out, or ends a lock as soon as it has begun."""
        if not self._here(cursor):
            return
        source = self._source(cursor)
        end = self.text.find(b";", cursor.extent.end.offset - 1) + 1
        scoped = SCOPED_LOCKS.search(source)
        if cursor.kind == CursorKind.DECL_STMT and (scoped or LOCKS.search(source)):
            # So that it can be unlocked.
            if source.startswith("const "):
                self._reword(cursor, 0, "const", "")
            if scoped:
                self._reword(cursor, scoped.start(1), scoped[1], "unique_lock")
            for declared in cursor.get_children():
                if declared.kind == CursorKind.VAR_DECL:
                    number = self._add(cursor, f"{declared.spelling} unlocked at once")
                    self.edits.wrap(end, end, f" if ({NAMESPACE}::on({number})) {declared.spelling}.unlock();", "")
            return
        if cursor.kind not in STATEMENTS or TELLS.match(source):
            return
        if re.match(rf"({'|'.join(self.announcers) or '-'})\.(read|write)\(", source):
            return
        number = self._add(cursor, f"without {self._short(cursor)}")
        self.edits.wrap(cursor.extent.start.offset, end, f"{{ if (!{NAMESPACE}::on({number})) ", " }")
