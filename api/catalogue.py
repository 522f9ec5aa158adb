"""The problem codes: status, title, meaning and remedy of each, once. `docs/problems/` is written from this table."""

from dataclasses import dataclass

TYPE_BASE = "/problems/"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a problem code means, the same for every occurrence."""

    status: int
    title: str
    meaning: str
    remedy: str


def _kind(status: int, title: str, meaning: str, remedy: str) -> Kind:
    return Kind(status=status, title=title, meaning=meaning, remedy=remedy)


CATALOGUE: dict[str, Kind] = {
    "unparsable": _kind(
        400,
        "The body cannot be parsed",
        "The body is not complete JSON, its gzip stream is broken, or it is not UTF-8 text.",
        "Send one whole JSON document. The detail says at which byte the reading stopped.",
    ),
    "bad-request": _kind(
        400,
        "The request cannot be understood",
        "A header or query parameter has a form that HTTP or this API does not know.",
        "Mend what the detail names and send the request again.",
    ),
    "unauthorized": _kind(
        401,
        "A valid bearer token is needed",
        "The Authorization header is missing, or its token is malformed, expired or not signed by this cluster.",
        "Ask an operator for a token (`collateral token --role trader --tenant NAME`) and send it as "
        "`Authorization: Bearer TOKEN`.",
    ),
    "forbidden": _kind(
        403,
        "The token's role does not allow this",
        "The token is valid; the role in it does not hold the permission that this route asks for.",
        "Use a token of one of the roles that the remedy names.",
    ),
    "unknown-tenant": _kind(
        403,
        "The tenant does not exist here",
        "The token is valid; the tenant that it names has not been added to this cluster.",
        "An operator adds it with `collateral tenants add NAME`.",
    ),
    "own-approval": _kind(
        403,
        "The author cannot approve",
        "A parameter set is approved by a second person: whoever wrote a version cannot approve it, whatever the role.",
        "Ask somebody else with the role risk_manager or admin.",
    ),
    "drills-disabled": _kind(
        403,
        "Drills are switched off",
        "The measure `noop` is for operators' drills; this cluster does not allow it.",
        "Set COLLATERAL_DRILLS_ENABLED=1 on the API and the workers, or choose another measure.",
    ),
    "not-found": _kind(
        404,
        "There is no such thing here",
        "The path names nothing, or names something of another tenant: the answer is the same for both.",
        "Check the id and the tenant of the token.",
    ),
    "method-not-allowed": _kind(
        405,
        "The method is not allowed here",
        "The path exists; the method does not belong to it.",
        "Use one of the methods in the Allow header.",
    ),
    "request-timeout": _kind(
        408,
        "The body came too slowly",
        "The request's body was not complete within the time allowed.",
        "Send the body faster, compressed with gzip, or in smaller parts.",
    ),
    "conflict": _kind(
        409,
        "The present state does not allow this",
        "The request is sound, but what it names is in a state that refuses it, for example a finished job that "
        "was to be cancelled.",
        "Read the present state and decide again.",
    ),
    "not-approved": _kind(
        409,
        "The version is not approved",
        "Only a version that a second person has approved may become active; only a submitted one can be approved.",
        "Submit the version, and have a second person approve it.",
    ),
    "parameter-set-in-use": _kind(
        409,
        "The version was activated",
        "A version that was activated stays: what was computed with it must be explained for as long as it is stored.",
        "Activate another version, or roll back.",
    ),
    "precondition-failed": _kind(
        412,
        "Another version is stored",
        "If-Match or If-None-Match does not fit the version that is stored.",
        "Read the present version and send its ETag in If-Match.",
    ),
    "version-conflict": _kind(
        412,
        "Another version was stored in between",
        "Somebody stored a version after the one that this request builds on.",
        "Read the present version and send its ETag in If-Match.",
    ),
    "too-large": _kind(
        413,
        "The body is too large",
        "The body, or what it decompresses to, is above the limit.",
        "Split the request, or upload the data as a file.",
    ),
    "not-acceptable": _kind(
        406,
        "The answer does not exist in this type",
        "The Accept header asks for a picture, and this route's answer has none.",
        "Accept application/json.",
    ),
    "unsupported-type": _kind(
        415,
        "The content type or encoding is not supported",
        "The route reads another Content-Type, or the Content-Encoding is neither identity nor gzip.",
        "Send the content type that the detail names.",
    ),
    "invalid-input": _kind(
        422,
        "Some values are not valid",
        "The body parses, but some values cannot be used. `errors` has a JSON pointer, a detail and a remedy for each.",
        "Mend every entry of `errors`; nothing was stored.",
    ),
    "activation-in-past": _kind(
        422,
        "The activation lies in the past",
        "A parameter set becomes active today (UTC) or later: what was computed for earlier dates stays as it was.",
        "Choose today or a later date.",
    ),
    "input-invalid": _kind(
        422,
        "The input does not allow this computation",
        "Each value is valid by itself; together they do not allow the computation that was asked for.",
        "See `errors` for the place and the remedy.",
    ),
    "fx-rate-missing": _kind(
        422,
        "An exchange rate is missing",
        "A position is in another currency than the portfolio, and no rate connects the two. None is ever assumed.",
        'Add the pair to the portfolio\'s `fx`, for example `{"EUR/USD": 1.08}`.',
    ),
    "history-unusable": _kind(
        422,
        "A price history cannot be used",
        "The computation needs price histories; one is missing, too short or not usable.",
        "Upload the history with `POST /api/v1/prices/history` (text/csv).",
    ),
    "device-unavailable": _kind(
        422,
        "No live worker has the device",
        "The job names a device that no live worker offers.",
        'Ask for `"device": "auto"`, or send `"fallback": true` so that the cpu may compute it.',
    ),
    "idempotency-key-reused": _kind(
        422,
        "The idempotency key belongs to another request",
        "This Idempotency-Key was used before with a different body or path.",
        "Use a fresh key for a new request; the same key only for a retry of the same bytes.",
    ),
    "idempotency-key-in-flight": _kind(
        409,
        "The first request with this key is still at work",
        "Another request with the same Idempotency-Key has not been answered yet.",
        "Try again after the time in Retry-After; the answer will then be the first one's.",
    ),
    "invalid-cursor": _kind(
        422,
        "The cursor is not one of ours",
        "A page's cursor is the `next` of the page before, unchanged; this one is not.",
        "Begin again without a cursor.",
    ),
    "name-taken": _kind(
        409,
        "The name is in use",
        "The tenant already has something of this name.",
        "Choose another name, or remove what has it.",
    ),
    "parameter-set-invalid": _kind(
        500,
        "A parameter table cannot be used",
        "A packaged or stored parameter table is incomplete or contradicts itself.",
        "An operator mends the table; the detail in the log names it.",
    ),
    "deadline-passed": _kind(
        504,
        "The deadline passed",
        "The job was not finished within its `deadline_seconds`.",
        "Submit it again with a later deadline, or with less to compute.",
    ),
    "worker-lost": _kind(
        500,
        "The worker was lost",
        "The worker that computed the job gave no sign of life for a full lease, and no attempt was left.",
        "An operator can replay the job from the dead letters.",
    ),
    "job-failed": _kind(
        500,
        "The attempt failed",
        "The computation ended with an error that its input does not explain, and no attempt was left.",
        "An operator can replay the job from the dead letters.",
    ),
    "quota-exceeded": _kind(
        429,
        "The tenant's quota is used up",
        "The tenant has as many unfinished jobs as its quota allows.",
        "Wait until some are finished (Retry-After), or ask an operator for more.",
    ),
    "cancelled": _kind(
        409,
        "The computation was cancelled",
        "Somebody asked for the job to stop before it had a result.",
        "Submit it again if the result is still wanted.",
    ),
    "internal-error": _kind(
        500,
        "Something went wrong on our side",
        "An error that the project does not know by name. It was logged with the request id.",
        "Try again; if it stays, give the request id to an operator.",
    ),
    "computation-failed": _kind(
        500,
        "The computation failed",
        "The kernel could not finish; the input was sound.",
        "Try again; if it stays, give the job id to an operator.",
    ),
    "calculation-invalid": _kind(
        500,
        "The computation gave a value that is not a number",
        "A kernel returned NaN or infinity. It never passes for a number: the job failed and an alarm went out.",
        "Give the job id to an operator; the input is kept for a replay.",
    ),
    "service-error": _kind(
        500,
        "A use case failed",
        "A service refused the request for a reason that has no code of its own.",
        "Give the request id to an operator.",
    ),
    "worker-error": _kind(
        500,
        "A worker cannot do what was asked",
        "A worker or its routing refused the job for a reason that has no code of its own.",
        "Give the job id to an operator.",
    ),
    "storage-error": _kind(
        500,
        "The database refused an operation",
        "Postgres answered with an error. Nothing was half-written.",
        "Give the request id to an operator.",
    ),
    "columns-corrupt": _kind(
        500,
        "Stored data cannot be read back",
        "The stored bytes do not match the hash that was stored with them.",
        "Give the job or portfolio id to an operator: this needs a restore.",
    ),
    "settings-invalid": _kind(
        500,
        "The service is not configured completely",
        "A setting that this request needs is missing or makes no sense.",
        "An operator finds every setting in docs/settings.md.",
    ),
    "not-built-yet": _kind(
        501,
        "This is not built yet",
        "The earlier engine promised this route; this one does not compute it yet, and says so instead of guessing.",
        "See the changelog for what is planned; nothing was stored.",
    ),
    "storage-unavailable": _kind(
        503,
        "The database cannot be reached",
        "Postgres did not answer in time.",
        "Try again after the time in Retry-After. With an Idempotency-Key a retry is always safe.",
    ),
    "overload": _kind(
        503,
        "Too much at once",
        "The API holds as many calculations as MAX_CONCURRENT_CALCULATIONS allows, or was too busy to answer in time.",
        "Try again after the time in Retry-After, or send the work to `POST /api/v1/jobs`.",
    ),
}
FALLBACK = "internal-error"


def kind_of(code: str) -> Kind:
    """Return what a code means; a code that nobody listed counts as an internal error."""
    return CATALOGUE.get(code, CATALOGUE[FALLBACK])
