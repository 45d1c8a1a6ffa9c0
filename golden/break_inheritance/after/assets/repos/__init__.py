from .assets import AssetRepo, LicenceRepo, MachineRepo
from .people import PersonRepo

__all__ = ["AssetRepo", "LicenceRepo", "MachineRepo", "PersonRepo"]
