"""Follow-ups of one LeadModel as a pass reads them: their five objects, their pods, and what pods report."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leadmodel_messages.followups_report import FollowUpsReport
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.render.follow_ups import FOLLOW_UPS, KINDS, object_name
from leadmodel_operator.kubernetes.render.names import ROLE, Object, controller_uid, is_leaving
from leadmodel_operator.planning.observed import FollowUpsPod, FollowUpsSeen, Refusal


@dataclass
class LiveFollowUps:
    """The objects of follow-ups that are ours by their kind, their pods, others' objects under their names, and kinds that are leaving."""

    objects: dict[str, Object] = field(default_factory=dict)
    foreign: dict[str, Object] = field(default_factory=dict)
    leaving: set[str] = field(default_factory=set)
    pods: list[Object] = field(default_factory=list)

    def seen(
        self,
        name: str,
        reports: Mapping[str, FollowUpsReport] | None,
        conflicts: tuple[str, ...],
        refused: tuple[Refusal, ...] | None,
    ) -> FollowUpsSeen:
        """Describe the follow-ups of the LeadModel `name` for the planner; `reports` None: pods were not asked in this pass."""
        known = reports or {}
        pods = (_pod_seen(pod, known.get(pod["metadata"]["name"])) for pod in self.pods)
        taken = {*(f"{kind}/{object_name(name)}" for kind in self.foreign), *conflicts}
        rollout = cluster.rollout_seen(self.objects.get("Deployment"))
        return FollowUpsSeen(
            pods=tuple(pods),
            present=bool(self.objects),
            asked=reports is not None,
            conflicts=tuple(sorted(taken)),
            refused=refused,
            fault=rollout.fault if rollout is not None else None,
        )


def is_of_follow_ups(item: str, name: str) -> bool:
    """Tell whether "Kind/name" is one of the objects, or of the pods, of the follow-ups of the LeadModel `name`."""
    kind, _, own = item.partition("/")
    return own == object_name(name) if kind in KINDS else own.startswith(f"{object_name(name)}-")


def are_asked_for(lead_model: Object, config_maps: list[Object]) -> bool:
    """Tell whether a LeadModel has follow-ups, or had some of which status or a ConfigMap is left."""
    name = object_name(lead_model["metadata"]["name"])
    asked = lead_model["spec"].get("followUps") or (lead_model.get("status") or {}).get("followUps")
    return bool(asked) or any(item["metadata"]["name"] == name for item in config_maps)


def pods_of(deployment: Object | None, pods: list[Object], replica_sets: list[Object]) -> list[Object]:
    """Pick the pods of the Deployment that sends."""
    if deployment is None:
        return []
    uid = deployment["metadata"]["uid"]
    ours = {rs["metadata"]["uid"] for rs in replica_sets if controller_uid(rs) == uid}
    senders = (pod for pod in pods if (pod["metadata"].get("labels") or {}).get(ROLE) == FOLLOW_UPS)
    return [pod for pod in senders if controller_uid(pod) in ours and not is_leaving(pod)]


def _pod_seen(pod: Object, report: FollowUpsReport | None) -> FollowUpsPod:
    return FollowUpsPod(pod["metadata"]["name"], cluster.is_ready(pod), report, cluster.fault_of(pod))
