"""What people ask of moderation, as documents."""

from typing import Any

from tests.domains.marketplace import key
from tests.factories import Person

REPORT = """mutation($id: ID!, $reason: String!, $key: String!) {
  moderationItemReport(subjectId: $id, input: {reason: $reason, clientKey: $key}) {
    moderationItem { id status priority snapshot { text } assignee { id } }
    errors { code message field } } }"""
ASSIGN = """mutation($id: ID!, $to: ID, $key: String!) {
  moderationItemAssign(moderationItemId: $id, input: {assigneeId: $to, clientKey: $key}) {
    moderationItem { id status assignee { id } } errors { code message field } } }"""
RELEASE = """mutation($id: ID!, $key: String!) {
  moderationItemRelease(moderationItemId: $id, input: {clientKey: $key}) {
    moderationItem { id status assignee { id } } errors { code message field } } }"""
DECIDE = """mutation($id: ID!, $verdict: ModerationVerdict!, $note: String, $key: String!) {
  moderationItemDecide(moderationItemId: $id, input: {
    verdict: $verdict, note: $note, clientKey: $key
  }) {
    moderationItem {
      id status isEscalated resolvedAt viewerCanDecide
      decisions { nodes { verdict note moderator { id } } }
      subject { __typename ... on Product { publishingStatus remarks deletedAt } }
    } errors { code message field } } }"""
ITEMS = """query($filter: ModerationItemFilter, $order: ModerationItemOrder) {
  moderationItems(filter: $filter, orderBy: $order) { nodes {
    id status priority isSubmission isEscalated reason reporter { id } assignee { id }
    subjectKind subjectId subject { __typename }
    snapshot { title text media { url } author { id } }
    decisions { nodes { verdict note moderator { id } } } } } }"""


async def report(reporter: Person, subject: str, reason: str = "Odd.") -> str:
    """The id of a new report."""
    made = await reporter.client.mutate(REPORT, id=subject, reason=reason, key=key())
    item: str = made["moderationItem"]["id"]
    return item


async def decide(moderator: Person, item: str, verdict: str, note: str | None = "So.") -> Any:
    """The item after a decision."""
    decided = await moderator.client.mutate(DECIDE, id=item, verdict=verdict, note=note, key=key())
    return decided["moderationItem"]


async def items(staff: Person, subject: str) -> list[Any]:
    """The items about a subject."""
    found = await staff.client.run(ITEMS, filter={"subjectId": subject})
    nodes: list[Any] = found["moderationItems"]["nodes"]
    return nodes
