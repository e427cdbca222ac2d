"""What an op may say about its work, and the events that come of it."""

from __future__ import annotations

from runrack.definitions.output import ExpectationResult
from runrack.engine.event_writer import EventWriter
from runrack.records.asset import AssetCheckEvaluation, AssetMaterialization, AssetObservation
from runrack.records.event import Event
from runrack.records.event_data import (
    AssetCheckEvaluationData,
    AssetObservationData,
    StepExpectationResultData,
    StepMaterializationData,
)
from runrack.records.event_type import EventType
from runrack.records.metadata import to_metadata

UserFact = AssetMaterialization | AssetObservation | AssetCheckEvaluation | ExpectationResult
"""What an op may say about its work, by yielding it or through `context.log_event`."""


def fact_event(writer: EventWriter, step_key: str, fact: UserFact) -> Event:
    """Return the event that says what the op said."""
    match fact:
        case AssetMaterialization():
            message = f"Asset {fact.asset_key.to_user_string()} was materialized."
            payload = StepMaterializationData(fact)
            return writer.make_event(EventType.ASSET_MATERIALIZATION, step_key, message, payload)
        case AssetObservation():
            message = f"Asset {fact.asset_key.to_user_string()} was observed."
            return writer.make_event(
                EventType.ASSET_OBSERVATION, step_key, message, AssetObservationData(fact)
            )
        case AssetCheckEvaluation():
            verdict = "passed" if fact.passed else "failed"
            message = f"Check {fact.check_name!r} of asset {fact.asset_key.to_user_string()} {verdict}."
            return writer.make_event(
                EventType.ASSET_CHECK_EVALUATION, step_key, message, AssetCheckEvaluationData(fact)
            )
        case ExpectationResult():
            verdict = "came true" if fact.success else "did not come true"
            return writer.make_event(
                EventType.STEP_EXPECTATION_RESULT,
                step_key,
                f"Expectation {fact.label or ''} {verdict}.".replace("  ", " "),
                StepExpectationResultData(
                    fact.success, fact.label, fact.description, to_metadata(fact.metadata)
                ),
            )
