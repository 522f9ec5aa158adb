"""A submission from bytes to answer, in one service thread."""

from api.once import Post, once
from api.presenting import accepted_answer
from services.idempotency import Answer, Held
from services.intake.decode import decode_job
from services.runtime import Runtime
from services.submit import submit


def submit_job(runtime: Runtime, post: Post) -> Answer:
    """Decode, store and send a job, once for each idempotency key."""
    request = decode_job(post.body.content())

    def work(held: Held | None) -> Answer:
        return accepted_answer(
            submit(runtime, post.principal, request, trace=post.trace, claim=held, answer=accepted_answer)
        )

    return once(runtime, post, work)
