"""Generate a client from the schema by a public generator, compile a program that uses it, and run it: `make test-client`.

It fetches openapi-typescript, openapi-fetch and TypeScript from npm into a temporary folder: so it is no part of `.ci/run`.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz_api import AUDIENCE, ROOT, Auth0StandIn, identities, portal

PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3", "@types/node@24.10.1")
COMPILER = {
    "compilerOptions": {
        "target": "es2022", "module": "nodenext", "strict": True, "noUncheckedIndexedAccess": True, "types": ["node"],
        "skipLibCheck": True, "outDir": "out",
    },
    "files": ["calls.ts"],
}  # fmt: skip


def prepare(folder: Path) -> None:
    """Fetch the generator, generate the types, and compile the program. Raises CalledProcessError."""
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    (folder / "tsconfig.json").write_text(json.dumps(COMPILER))
    shutil.copy(ROOT / "scripts" / "client" / "calls.ts", folder)
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--silent", *PACKAGES)
    run(folder, "npx", "openapi-typescript", str(ROOT / "docs" / "openapi.json"), "-o", "portal.d.ts")
    run(folder, "npx", "tsc", "--noEmit")
    run(folder, "npx", "tsc")


def run(folder: Path, *command: str) -> str:
    """Run a command to its end; return what it said. Raises CalledProcessError."""
    print("$", " ".join(command), flush=True)
    done = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603
    print(done.stdout, end="", flush=True)
    done.check_returncode()
    return done.stdout


def main() -> int:
    """Do all of it; return the exit status."""
    with (
        tempfile.TemporaryDirectory(prefix="portal-client-") as text,
        Auth0StandIn(callbacks=[], audiences=[AUDIENCE]) as auth0,
    ):
        folder = Path(text)
        prepare(folder)
        (folder / "portal").mkdir()
        with portal(folder / "portal", auth0) as url:
            token = identities(auth0)["user"][-1].rpartition(" ")[2]
            said = run(folder, "node", "out/calls.js", url, token).splitlines()
    # The number, three calls, a list that has not changed, and a call that was placed.
    wrong = (
        len(said) != 6 or not said[0].startswith("1006 ") or said[4] != "304" or not said[5].startswith(("queued", "ringing"))
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
