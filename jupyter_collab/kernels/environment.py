"""Which of the server's environment variables a room's kernel gets: those that are known to hold no secret."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

__all__ = ["environment_for_rooms"]

HARMLESS = """
PATH HOME USER LOGNAME USERNAME SHELL LANG LANGUAGE LC_* TZ TMPDIR TEMP TMP TERM COLUMNS LINES HOSTNAME
XDG_*_HOME XDG_*_DIRS JUPYTER_PATH JUPYTER_*_DIR JUPYTER_*_PATH JUPYTER_PLATFORM_DIRS JUPYTER_NO_CONFIG IPYTHONDIR
PYTHONPATH PYTHONHOME PYTHONUTF8 PYTHONIOENCODING PYTHONUNBUFFERED PYTHONHASHSEED PYTHONUSERBASE PYTHONNOUSERSITE
PYTHONDONTWRITEBYTECODE PYTHONWARNINGS VIRTUAL_ENV CONDA_* MAMBA_*
R_HOME R_LIBS R_LIBS_* JULIA_* JAVA_HOME SPARK_HOME GDAL_DATA PROJ_* MPL*
LD_LIBRARY_PATH DYLD_* CUDA_* NVIDIA_* ROCR_* HIP_* OMP_* MKL_* OPENBLAS_* NUMEXPR_*
HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy
SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA
PROGRAMFILES* COMMONPROGRAMFILES* ALLUSERSPROFILE PROCESSOR_* OS NUMBER_OF_PROCESSORS
""".split()  # noqa: SIM905  # one word a line would be ninety lines
"""Patterns of names. A list of secrets could never be complete, so this is a list of what is none."""

SECRET_NAME = re.compile("TOKEN|SECRET|PASS|CREDENTIAL|AUTH|KEY|COOKIE", re.IGNORECASE)

PASSWORD_IN_ADDRESS = re.compile(r"://[^/\s]*@")


def environment_for_rooms(server: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """What of the ``server``'s environment a room's kernel gets.

    Parameters
    ----------
    also
        Patterns of the names of more variables, which the deployer knows to be meant for kernels.
    """
    wanted = tuple(also)
    return {
        name: value
        for name, value in server.items()
        if _matches(name, wanted) or (_matches(name, HARMLESS) and not _may_be_secret(name, value))
    }


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _may_be_secret(name: str, value: str) -> bool:
    return SECRET_NAME.search(name) is not None or PASSWORD_IN_ADDRESS.search(value) is not None
