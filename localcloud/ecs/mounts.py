"""Run a program in a mount namespace of its own, in which paths of this machine appear where a container has them.

Run as a script, with nothing but the standard library: `mounts.py '[["source", "/target", read_only], …]' program …`.
It becomes the program, so that process id, group and namespaces of the network stay. Root needs nothing for it, others
a kernel that lets them make user namespaces. A target that this machine does not have appears all the same: the
directory above it is replaced, in this namespace alone, by a mirror of itself that has the missing part.

Exits with 125 when it cannot mount, 126 or 127 when the program cannot be run, as `docker run` does.
"""

import ctypes
import json
import os
import resource
import stat
import sys
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
KEPT_FLAGS = 2 | 4 | 8 | 1024 | 2048
"""nosuid, nodev, noexec, noatime, nodiratime: a user namespace may not take them off (mount_namespaces(7))."""
SPARE = "/tmp"  # noqa: S108  any directory will do as the place where the mirror of / is built

libc = ctypes.CDLL(None, use_errno=True)


def main(mounts: list[tuple[str, str, bool]], words: list[str]) -> int:
    """Mount, and become the program; return an exit code when that fails."""
    directory = Path.cwd()
    try:
        _enter_namespace()
        _mount_all(mounts)
        os.chdir(directory)
    except OSError as error:
        return _say(125, f"cannot mount: {error}")
    try:
        os.execvp(words[0], words)  # noqa: S606  (no shell is wanted)
    except FileNotFoundError:
        return _say(127, f'exec: "{words[0]}": executable file not found in $PATH')
    except OSError as error:
        return _say(126, f'exec: "{words[0]}": {error.strerror}')


def _say(exit_code: int, message: str) -> int:
    sys.stderr.write(f"{message}\n")
    return exit_code


def _enter_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWNS if user == 0 else CLONE_NEWNS | CLONE_NEWUSER
    _check(libc.unshare(flags), "a mount namespace of its own")
    if user != 0:
        # Outside and inside it is the same user: https://man7.org/linux/man-pages/man7/user_namespaces.7.html
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    _mount("none", "/", MS_REC | MS_PRIVATE)


def _mount_all(mounts: list[tuple[str, str, bool]]) -> None:
    # Opened before anything is covered: a mirror may hide the way to it.
    opened = [os.open(source, os.O_PATH) for source, _, _ in mounts]
    targets = [os.path.realpath(target) for _, target, _ in mounts]
    root = ""
    if any(_deepest_there(Path(target)) == Path("/") for target in targets if not os.path.lexists(target)):
        root = SPARE
        _mirror("/", root)
    for source, target, (_, _, read_only) in zip(opened, targets, mounts, strict=True):
        _mount_one(source, root + target, read_only=read_only)
    if root:
        _change_root(root)


def _mount_one(source: int, target: str, *, read_only: bool) -> None:
    if not os.path.lexists(target):
        _make(Path(target), is_directory=stat.S_ISDIR(os.fstat(source).st_mode))
    _mount(f"/proc/self/fd/{source}", target, MS_BIND | MS_REC)
    if read_only:
        kept = os.statvfs(target).f_flag & KEPT_FLAGS
        _mount("none", target, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)
    os.close(source)


def _make(target: Path, *, is_directory: bool) -> None:
    """Make a path appear that this machine does not have, without a trace on its disk."""
    above = str(_deepest_there(target))
    if above != SPARE:  # it is a mirror already
        _mirror(above, above)
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_directory:
        target.mkdir()
    else:
        target.touch()


def _deepest_there(path: Path) -> Path:
    return next(above for above in path.parents if above.is_dir())


def _mirror(directory: str, at: str) -> None:
    """Mount an empty file system at `at`, and in it everything that is in a directory."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    entries = [(path, os.open(path, os.O_PATH | os.O_NOFOLLOW)) for path in Path(directory).iterdir()]
    _mount("tmpfs", at, 0, "tmpfs")
    for path, opened in entries:
        copy, mode = Path(at, path.name), os.fstat(opened).st_mode
        if stat.S_ISLNK(mode):
            copy.symlink_to(os.readlink("", dir_fd=opened))
        else:
            copy.mkdir() if stat.S_ISDIR(mode) else copy.touch()
            _mount(f"/proc/self/fd/{opened}", str(copy), MS_BIND | MS_REC)
            if path == Path(at):  # the mirror itself came along
                _check(libc.umount2(str(copy).encode(), MNT_DETACH), f"{copy} away")
        os.close(opened)


def _change_root(root: str) -> None:
    # pivot_root, not chroot: in a chroot no user namespace can be made, and a program may want one.
    os.chdir(root)
    _check(libc.pivot_root(b".", b"."), f"{root} as the root")
    _check(libc.umount2(b".", MNT_DETACH), "the old root away")
    os.chdir("/")


def _mount(source: str, target: str, flags: int, kind: str = "none") -> None:
    done = libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None)
    _check(done, f"{source} at {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
