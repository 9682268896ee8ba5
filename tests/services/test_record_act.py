"""An act and its record are one transaction."""

from uuid import UUID, uuid4

from sqlalchemy import Engine

from app.domain.audit import Act, Actor
from app.services.record_act import record_act
from app.store.audit import AuditedAct, page_of_acts
from app.store.database import UnitOfWork, unit_of_work


def acts_on(engine: Engine, workspace_id: UUID) -> list[AuditedAct]:
    with unit_of_work(engine) as work:
        return page_of_acts(work.session, workspace_id, act=None, limit=10, after=None)


def record(work: UnitOfWork, workspace_id: UUID) -> None:
    record_act(work, Act.RUN_DELETED, workspace_id=workspace_id, subject_id=uuid4(), bad="\x00")


def test_a_committed_act_is_in_the_log_with_the_actor_of_its_transaction(engine: Engine) -> None:
    workspace_id = uuid4()
    actor = Actor(principal="user:ada@example.org", address="::1", request_id="r")

    with unit_of_work(engine, actor=actor) as work:
        record(work, workspace_id)

    [act] = acts_on(engine, workspace_id)
    assert (act.act, act.principal, act.key_id) == (Act.RUN_DELETED, actor.principal, None)
    assert (act.address, act.request_id) == ("::1", "r")
    assert act.detail == {"bad": "\ufffd"}


def test_an_act_without_an_actor_is_the_service_s(engine: Engine) -> None:
    workspace_id = uuid4()

    with unit_of_work(engine) as work:
        record(work, workspace_id)

    assert [act.principal for act in acts_on(engine, workspace_id)] == ["service"]


def test_an_act_that_is_rolled_back_is_not_in_the_log(engine: Engine) -> None:
    workspace_id = uuid4()

    with unit_of_work(engine) as work:
        record(work, workspace_id)
        work.session.rollback()

    assert acts_on(engine, workspace_id) == []
