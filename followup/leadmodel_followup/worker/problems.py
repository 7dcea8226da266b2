"""What is wrong with a plan in this moment, for the report of a pod."""

from dataclasses import dataclass

from leadmodel_followup.dispatch.live_templates import LiveTemplates
from leadmodel_followup.settings.settings import Settings
from leadmodel_followup.templates.problems import problems
from leadmodel_messages.followups_report import FollowUpsProblem


@dataclass(frozen=True)
class Problems:
    """Looks through templates under the settings; to be called for the digest of the templates and what is wrong now."""

    settings: Settings
    templates: LiveTemplates

    def __call__(self) -> tuple[str | None, tuple[FollowUpsProblem, ...]]:
        """The digest of the templates, None where there are none, and each problem."""
        try:
            templates = self.templates()
        except OSError as error:
            return None, (FollowUpsProblem("templates", f"cannot be read ({type(error).__name__})"),)
        found = problems(templates, self.settings)
        return templates.digest, tuple(FollowUpsProblem(one.field, one.reason) for one in found)
