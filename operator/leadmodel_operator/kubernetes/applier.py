"""Brings the cluster to what one pass desires.

The Deployment comes first, since leads depend on it; then its surroundings, snapshots (`write/kept_snapshots.py`), the
candidate that pods are asked about (`write/asked_pods.py`), text models (`write/kept_texts.py`), evictions, Jobs (`write/made_jobs.py`, `write/made_text_jobs.py`) and, last, follow-ups
(`write/made_follow_ups.py`). A write that the API server refuses is remembered, a name that someone else has taken as well, and the rest
goes on (`write/writes.py`).
"""

from dataclasses import dataclass

from leadmodel_operator.kubernetes.apiserver.client import ApiError
from leadmodel_operator.kubernetes.apiserver.refusals import refusal_of
from leadmodel_operator.kubernetes.render import objects
from leadmodel_operator.kubernetes.render.models_only import models_patch
from leadmodel_operator.kubernetes.render.names import Object, is_leaving, name_of, path_of, scales
from leadmodel_operator.kubernetes.write.asked_pods import AskedPods
from leadmodel_operator.kubernetes.write.kept_snapshots import KeptSnapshots
from leadmodel_operator.kubernetes.write.kept_texts import KeptTexts
from leadmodel_operator.kubernetes.write.made_follow_ups import MadeFollowUps
from leadmodel_operator.kubernetes.write.made_text_jobs import MadeTextJobs
from leadmodel_operator.kubernetes.write.writes import written
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.planned import Desired, Serve, TextWork


@dataclass
class Applier(KeptSnapshots, AskedPods, KeptTexts, MadeTextJobs, MadeFollowUps):
    """All writes of one pass."""

    async def act(self, seen: Observed, desired: Desired) -> bool:
        """Carry out everything desired; True when another pass should follow at once.

        Raises:
            Conflict: an object changed or vanished since it was read.
            ApiError: the server could not answer, or the namespace is going.
        """
        deployment, taken = f"Deployment/{self.key.name}", len(self.taken)
        if desired.touch_serve and deployment not in self.live.conflicts:
            await self.permitted(deployment, self._serve(desired.serve))
        if desired.frozen:
            return False
        if desired.touch_serve:
            await self._surroundings(desired.serve)
        service = f"Service/{self.key.name}"
        if service not in self.live.conflicts:
            await self.permitted(
                service, self.apply(self.live.service, objects.service(self.live.lead_model))
            )
        changed = await self.keep_snapshots(desired)
        await self.ask(desired.asked)
        await self.narrow_access(seen)
        changed |= await self.keep_texts(desired.text or TextWork())
        await self._evict(desired.evict)
        await self.make_jobs(seen, desired)
        await self.make_text_jobs(seen, desired)
        assert seen.spec is not None
        await self.make_follow_ups(seen.spec, desired.follow_ups)
        return changed or len(self.taken) > taken

    async def _serve(self, serve: Serve | None) -> None:
        live = self.live
        if serve is None:
            if live.deployment is not None:
                await self.delete("deployments", live.deployment, with_version=True)
            return
        body = objects.deployment(live.lead_model, serve, self._replicas(serve))
        try:
            live.deployment = await self.apply(live.deployment, body, fenced=True)
        except ApiError as error:
            if serve.rolls_back and refusal_of(error, name_of(body)) is not None:
                await self.change_models(body)
            raise

    async def change_models(self, body: Object) -> None:
        """Carry out a rollback whose Deployment is refused: with the settings that the API server took before, since a bad model serves."""
        live = self.live.deployment
        patch = models_patch(live, body) if live is not None else None
        if patch is not None:
            self.live.deployment = await written(self.client.merge(path_of(body), patch))

    async def _surroundings(self, serve: Serve | None) -> None:
        """Bring disruption budget, network policy and autoscaler to what pods need; without pods they stay as they are."""
        if serve is None:
            return
        live = self.live
        scaler = objects.autoscaler(live.lead_model, serve)
        for part in (objects.budget(live.lead_model), objects.network_policy(live.lead_model), scaler):
            if part is not None:
                await self.permitted(name_of(part), self.settle(part))
        if scaler is None and live.autoscaler is not None:
            await self.remove("horizontalpodautoscalers", live.autoscaler)

    def _replicas(self, serve: Serve) -> int | None:
        """Number of pods to render; None once an autoscaler has set the number, which is then the autoscaler's field."""
        if serve.autoscaling is None:
            return serve.replicas
        deployment = self.live.deployment
        if deployment is None:
            return serve.autoscaling.min_replicas
        if any(scales(entry) for entry in deployment["metadata"].get("managedFields") or []):
            return None
        return deployment["spec"].get("replicas") or serve.autoscaling.min_replicas

    async def _evict(self, names: tuple[str, ...]) -> None:
        for pod in self.live.pods:
            if pod["metadata"]["name"] in names and not is_leaving(pod):
                await self.remove("pods", pod)
