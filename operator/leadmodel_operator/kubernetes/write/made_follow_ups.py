"""Makes what sends follow-ups, and deletes it where nobody asks for follow-ups any more."""

from dataclasses import dataclass

from leadmodel_operator.kubernetes.render import follow_ups
from leadmodel_operator.kubernetes.render.images import Images
from leadmodel_operator.kubernetes.render.names import KINDS, name_of
from leadmodel_operator.kubernetes.write.writes import Writes
from leadmodel_operator.planning.planned import FollowUpsWork
from leadmodel_operator.resource.spec import Spec


@dataclass
class MadeFollowUps(Writes):
    """The writes of one pass to the objects of follow-ups, each over the version that was read: no leader of the past undoes a newer one."""

    images: Images

    async def make_follow_ups(self, spec: Spec, work: FollowUpsWork | None) -> None:
        """Bring each object to what is desired; one that is refused, leaving or someone else's does not keep the others back."""
        live = self.live.follow_ups
        if work is None:
            await self._remove_follow_ups()
            return
        for body in follow_ups.objects(self.live.lead_model, work, spec.predictor, self.images.followup):
            kind = body["kind"]
            if kind not in live.foreign and kind not in live.leaving:
                work_on = self.apply(live.objects.get(kind), body, fenced=True)
                await self.permitted(name_of(body), work_on)
        for pod in live.pods:
            if pod["metadata"]["name"] in work.evict:
                await self.remove("pods", pod)

    async def _remove_follow_ups(self) -> None:
        """Delete all of it, the settings last: what is left of them tells the next pass that more may be left."""
        for kind in follow_ups.KINDS:
            item = self.live.follow_ups.objects.get(kind)
            if item is not None:
                await self.remove(KINDS[kind], item, with_version=True)
