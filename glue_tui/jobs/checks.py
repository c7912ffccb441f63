"""Checks of a target's rows before they are published: which rows pass, which go to the side table, what is told.

Rows are written once to a file of our own and held against their checks there: a query is answered once however many
checks there are, and memory stays flat. Conditions on single rows come first; `unique` looks at the rows that they
left, so that a row never goes for the sake of another that goes itself; what fails the job or warns is held against the
rows that would be published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from glue_tui.catalog.sql_misread import refuse_misread
from glue_tui.core.checks import CheckResult, Condition, NotNull, ParsedCheck, RowCount, Unique, parse_check
from glue_tui.core.counts import counted
from glue_tui.core.job import Check, SideTable
from glue_tui.core.problem import GlueTuiError, InvalidInput, did_you_mean
from glue_tui.core.states import FailedCheck

REASON = "reject_reason"
SIDE_COLUMNS = (REASON, "rejected_by", "run_id", "rejected_at")
"""Of a side table, after the columns of the rows: why (all checks that a row failed), by which job and run, when."""
_EXAMPLES_MAX = 3
_REASONS_APART = "; "


class CheckFailed(GlueTuiError):
    """Rows of a target are not as they have to be: nothing is published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The rows of one target, parted."""

    passed: pl.LazyFrame
    rejected: pl.LazyFrame | None
    """With REASON as their last column; None where no check diverts."""
    results: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    check: Check
    parsed: ParsedCheck


def held_against(rows: pl.LazyFrame, checks: Sequence[Check], target: str) -> Checked:
    """Part the rows by what diverts, then hold them against what warns or fails; `rows` is looked at several times.

    Raises CheckFailed with the first rows that must not be published, InvalidInput for a check that can't be held
    against these columns.
    """
    schema = rows.collect_schema()
    rules = [_Rule(check=check, parsed=parse_check(check.text)) for check in checks]
    diverting = [rule for rule in rules if rule.check.on_failure is FailedCheck.DIVERT]
    others = [rule for rule in rules if rule.check.on_failure is not FailedCheck.DIVERT]
    if diverting and REASON in schema:
        raise InvalidInput(f"{target}: the rows have a column {REASON} already", hint="give it another name")
    results: list[CheckResult] = []
    passed, rejected = rows, None
    if diverting:
        passed, rejected = _parted(rows, diverting, schema, target, results)
    for rule in others:
        results.append(_result(rule, passed, schema, target))
    return Checked(passed=passed, rejected=rejected, results=tuple(results))


def checks_of(said: Sequence[str | Mapping[str, str]]) -> tuple[Check, ...]:
    """Return checks as a script writes them, in the words of a definition. Raises InvalidInput."""
    return tuple(_check_of({"check": one} if isinstance(one, str) else one) for one in said)


def _check_of(said: Mapping[str, str]) -> Check:
    _only(said, ("check", "on_failure"), ("check",))
    action = said.get("on_failure", FailedCheck.FAIL.value)
    if action not in list(FailedCheck):
        raise InvalidInput(f'no on_failure "{action}"', hint=did_you_mean(action, list(FailedCheck)))
    return Check(text=said["check"].strip(), on_failure=FailedCheck(action))


def side_table(said: Mapping[str, str] | None) -> SideTable | None:
    """Return a side table as a script writes it, in the words of a definition. Raises InvalidInput."""
    if said is None:
        return None
    _only(said, ("table", "path", "connection"), ("table", "path"))
    return SideTable(table=said["table"], path=str(said["path"]), connection=said.get("connection", ""))


def _only(said: Mapping[str, str], known: Sequence[str], needed: Sequence[str]) -> None:
    for word in said:
        if word not in known:
            raise InvalidInput(f'unknown key "{word}"', hint=did_you_mean(word, tuple(known)))
    for word in needed:
        if word not in said:
            raise InvalidInput(f'"{word}" is missing', hint=", ".join(known))


def side_rows(rejected: pl.LazyFrame, job: str, run_id: str) -> pl.LazyFrame:
    """Return rejected rows as their side table has them; REASON is among their columns already."""
    schema = rejected.collect_schema()
    for name in SIDE_COLUMNS[1:]:
        if name in schema:
            raise InvalidInput(f"rejected rows have a column {name} already", hint="give it another name")
    return rejected.with_columns(
        pl.lit(job).alias("rejected_by"),
        pl.lit(run_id).alias("run_id"),
        pl.lit(datetime.now(UTC).replace(tzinfo=None)).alias("rejected_at"),
    )


def _parted(
    rows: pl.LazyFrame, rules: Sequence[_Rule], schema: pl.Schema, target: str, results: list[CheckResult]
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    for rule in rules:
        if isinstance(rule.parsed, RowCount):
            message = f"{target}: `{rule.check.text}` is of no single row, so it can divert none"
            raise InvalidInput(message, hint='on_failure = "fail" or "warn"')
    single = [rule for rule in rules if not isinstance(rule.parsed, Unique)]
    unique = [rule for rule in rules if isinstance(rule.parsed, Unique)]
    told = rows.with_columns(_reason(single, schema, target).alias(REASON))
    left = told.filter(pl.col(REASON) == "").drop(REASON)
    again = left.with_columns(_reason(unique, schema, target).alias(REASON))
    results += _counts(single, rows, schema, target) + _counts(unique, left, schema, target)
    rejected = [told.filter(pl.col(REASON) != "")] if single else []
    rejected += [again.filter(pl.col(REASON) != "")] if unique else []
    return again.filter(pl.col(REASON) == "").drop(REASON), pl.concat(rejected)


def _reason(rules: Sequence[_Rule], schema: pl.Schema, target: str) -> pl.Expr:
    """Return the texts of the checks that a row fails, empty for none."""
    texts = [pl.when(_fails(rule, schema, target)).then(pl.lit(rule.check.text)) for rule in rules]
    return pl.concat_str(texts, separator=_REASONS_APART, ignore_nulls=True) if texts else pl.lit("")


def _counts(rules: Sequence[_Rule], rows: pl.LazyFrame, schema: pl.Schema, target: str) -> list[CheckResult]:
    if not rules:
        return []
    sums = [_fails(rule, schema, target).sum().alias(str(place)) for place, rule in enumerate(rules)]
    counts = rows.select(pl.len().alias("rows"), *sums).collect(engine="streaming").row(0)
    return [
        CheckResult(
            target=target,
            check=rule.check.text,
            on_failure=rule.check.on_failure,
            rows_failed=int(failed),
            rows=int(counts[0]),
        )
        for rule, failed in zip(rules, counts[1:], strict=True)
    ]


def _result(rule: _Rule, rows: pl.LazyFrame, schema: pl.Schema, target: str) -> CheckResult:
    if isinstance(rule.parsed, RowCount):
        return _row_count(rule, rule.parsed, rows, target)
    (result,) = _counts([rule], rows, schema, target)
    if result.rows_failed and rule.check.on_failure is FailedCheck.FAIL:
        raise CheckFailed(
            f"{target}: {result.share} the check `{rule.check.text}`, nothing is published",
            hint=f"such as {_examples(rule, rows, schema, target)}",
        )
    return result


def _row_count(rule: _Rule, parsed: RowCount, rows: pl.LazyFrame, target: str) -> CheckResult:
    found = int(rows.select(pl.len()).collect(engine="streaming").item())
    is_failed = not parsed.holds_for(found)
    if is_failed and rule.check.on_failure is FailedCheck.FAIL:
        message = f"{target}: it would get {counted(found, 'row')}, which fails the check `{rule.check.text}`"
        raise CheckFailed(message, hint="nothing is published")
    return CheckResult(
        target=target,
        check=rule.check.text,
        on_failure=rule.check.on_failure,
        rows_failed=max(found, 1) if is_failed else 0,
        rows=found,
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _fails(rule: _Rule, schema: pl.Schema, target: str) -> pl.Expr:
    match rule.parsed:
        case Unique(columns=columns):
            for column in columns:
                _known(column, schema, rule, target)
            present = pl.all_horizontal(pl.col(column).is_not_null() for column in columns)
            return ~pl.struct(columns).is_first_distinct() & present
        case NotNull(column=column):
            return pl.col(_known(column, schema, rule, target)).is_null()
        case Condition(sql=sql):
            return ~_condition(sql, schema, rule, target).fill_null(True)
        case RowCount():
            raise AssertionError("of no single row")


def _condition(sql: str, schema: pl.Schema, rule: _Rule, target: str) -> pl.Expr:
    try:
        refuse_misread(sql)
        expression = pl.sql_expr(sql)
    except InvalidInput as error:
        raise InvalidInput(f"{target}: the check `{sql}`: {error.message}", hint=error.hint) from None
    except pl.exceptions.PolarsError as error:
        hint = '"unique order_id", "customer_id not null", "rows >= 1" or a condition such as "amount >= 0"'
        raise InvalidInput(f"{target}: the check `{sql}` is not understood: {_first_line(error)}", hint=hint) from None
    for column in expression.meta.root_names():
        _known(column, schema, rule, target)
    try:
        # Answered once for no rows: what the columns' types do not allow shows only then.
        kind = pl.DataFrame(schema=schema).select(expression.alias("it")).schema["it"]
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(f"{target}: the check `{sql}` can't be answered: {_first_line(error)}") from None
    if kind != pl.Boolean:
        raise InvalidInput(f"{target}: the check `{sql}` is no condition", hint="such as amount >= 0")
    return expression


def _known(column: str, schema: pl.Schema, rule: _Rule, target: str) -> str:
    if column not in schema:
        message = f"{target}: no column {column} for the check `{rule.check.text}`"
        raise InvalidInput(message, hint=did_you_mean(column, list(schema)))
    return column


def _examples(rule: _Rule, rows: pl.LazyFrame, schema: pl.Schema, target: str) -> str:
    """Return the first rows that fail, by the columns that the check is of, after the first column of all."""
    match rule.parsed:
        case Unique(columns=columns):
            own: tuple[str, ...] = columns
        case NotNull(column=column):
            own = (column,)
        case Condition(sql=sql):
            own = tuple(pl.sql_expr(sql).meta.root_names())
        case RowCount():
            own = ()
    shown = dict.fromkeys((next(iter(schema)), *own))
    found = rows.filter(_fails(rule, schema, target)).select(list(shown)).head(_EXAMPLES_MAX)
    return " | ".join(
        ", ".join(f"{name} = {value!r}" if value is not None else f"{name} = null" for name, value in row.items())
        for row in found.collect(engine="streaming").to_dicts()
    )
