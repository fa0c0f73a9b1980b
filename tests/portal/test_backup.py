"""What was backed up is there again after a restore, and nothing is ever overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings


class Installation:
    """An installation of its own, spoken to through manage.py."""

    def __init__(self, var: Path) -> None:
        self.var = var
        inherited = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "PORTAL_MODE"}}
        self.environment = {**inherited, "PORTAL_VAR": str(var)}

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


MAKE_A_PERSON = "from accounts.users import User; User.objects.create_user('owner@example.com', 'x', name='王芳')"
NAME_THE_PERSON = "from accounts.users import User; print(User.objects.get().name)"


@pytest.mark.slow
def test_restored_installation_holds_what_was_backed_up(own_var: Path):
    source, copy, archive = Installation(own_var / "a"), Installation(own_var / "b"), own_var / "backup.tar"
    assert source.manage("migrate", "--verbosity=0").returncode == 0
    assert source.manage("shell", "--no-imports", "-c", MAKE_A_PERSON).returncode == 0
    (source.var / "files" / "licence").mkdir(parents=True)
    (source.var / "files" / "licence" / "1.pdf").write_bytes(b"%PDF")

    made = source.manage("backup", str(archive), "--include-keys")
    assert made.returncode == 0, made.stderr
    assert archive.stat().st_mode & 0o777 == 0o600
    assert "exists already" in source.manage("backup", str(archive)).stderr
    assert "never overwrites" in source.manage("restore", str(archive)).stderr

    restored = copy.manage("restore", str(archive))
    assert restored.returncode == 0, restored.stderr
    assert copy.manage("shell", "--no-imports", "-c", NAME_THE_PERSON).stdout.strip() == "王芳"
    assert (copy.var / "files" / "licence" / "1.pdf").read_bytes() == b"%PDF"
    assert (copy.var / "encryption-key").read_text() == (source.var / "encryption-key").read_text()


def test_what_is_no_backup_is_refused_in_words(own_var: Path):
    broken = own_var / "broken.tar"
    broken.write_bytes(b"not a tar file")
    refused = Installation(own_var / "var").manage("restore", str(broken))
    assert refused.returncode == 1
    assert "cannot be restored" in refused.stderr
    assert "Traceback" not in refused.stderr
