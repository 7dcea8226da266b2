"""Environment variables as people fill them in: with line ends, blanks around them, or nothing in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}
_PEM = "-----BEGIN "


class SettingError(ValueError):
    """A variable cannot be used; the message names the variable and never shows its value."""


@dataclass(frozen=True)
class Variables:
    """The variables of one source; a Secret's value often ends with a line end, and a blank value counts as absent."""

    environ: Mapping[str, str]

    def text(self, *names: str) -> str:
        """Return the first variable of these names that is filled in, else nothing."""
        return next((value for name in names if (value := self.environ.get(name, "").strip())), "")

    def word(self, *names: str) -> str:
        """Return such a text for a header or an address. Raises SettingError for a line break or a character no header takes."""
        value = self.text(*names)
        if not all(" " <= character <= "~" for character in value):
            raise SettingError(f"{self.named(*names)} holds a line break or a character that no key has")
        return value

    def flag(self, *names: str) -> bool:
        """Tell whether such a variable says yes. Raises SettingError for a word that is neither yes nor no."""
        value = self.text(*names).lower()
        if value and value not in _TRUE | _FALSE:
            raise SettingError(f"{self.named(*names)} must be true or false")
        return value in _TRUE

    def file(self, *names: str) -> str:
        """Return the path of such a variable. Raises SettingError when no file lies there."""
        path = self.word(*names)
        if path and not Path(path).is_file():
            raise SettingError(f"{self.named(*names)} names a file that is not there")
        return path

    def url(self, *names: str) -> str:
        """Return the address of such a variable. Raises SettingError when the address names no scheme."""
        value = self.word(*names)
        if value and not value.startswith(("http://", "https://")):
            raise SettingError(f"{self.named(*names)} must start with https:// or http://")
        return value

    def certificate(self, *names: str) -> str:
        """Return certificates in PEM: the variable's own text, or that of the file which the variable names."""
        value = self.text(*names)
        if not value or value.startswith(_PEM):
            return value
        try:
            content = Path(value).read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise SettingError(f"{self.named(*names)} names a file that cannot be read") from None
        if _PEM not in content:
            raise SettingError(f"{self.named(*names)} holds no certificate in PEM")
        return content

    def named(self, *names: str) -> str:
        """Return the name of the variable that `text` would read."""
        return next((name for name in names if self.environ.get(name, "").strip()), names[0])
