"""The application's own declarations of what it depends on: read and edited."""

from codemods.manifests.declared import Declared, Package, Place, declared
from codemods.manifests.install import Installation, applications, installation
from codemods.manifests.locate import Located, locate, speaking_folders
from codemods.manifests.model import Kind, ManifestEdits, Note, Role
from codemods.manifests.require import require
from codemods.manifests.scripts import scripts
from codemods.manifests.spelling import Bounds, Spelling

__all__ = [
    "Bounds",
    "Declared",
    "Installation",
    "Kind",
    "Located",
    "ManifestEdits",
    "Note",
    "Package",
    "Place",
    "Role",
    "Spelling",
    "applications",
    "declared",
    "installation",
    "locate",
    "require",
    "scripts",
    "speaking_folders",
]
