"""A seccomp filter for jobs, written out as BPF so that it needs no library.

Namespaces, capabilities and limits already hold a program. The filter shuts what they leave open: memory that no limit
counts (memfd, System V, io_uring), keyrings (which user namespaces share), network sockets altogether, further
namespaces, and the parts of the kernel in which most holes are found.
"""

import ctypes
import errno
import functools
import platform
import struct

# {system call: (number on x86_64, on aarch64)}; from 424 on all architectures share the numbers.
_DENIED = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "unshare": (272, 97),
    "setns": (308, 268), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "memfd_create": (319, 279),
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180), "syslog": (103, 116),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "personality": (135, 92), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "pidfd_getfd": (438, 438), "mount_setattr": (442, 442),
    "memfd_secret": (447, 447),
}  # fmt: skip
_CLONE, _CLONE3, _SOCKET = (56, 220), (435, 435), (41, 198)
# Refused with one value of one argument: what would let a crash be handed to the machine's handler of core dumps.
_DENIED_VALUES = {
    "prctl, PR_SET_DUMPABLE": ((157, 167), 0, 4),
    "setrlimit, RLIMIT_CORE": ((160, 164), 0, 4),
    "prlimit64, RLIMIT_CORE": ((302, 261), 1, 4),
}
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET
_AF_UNIX = 1

# BPF: load a word of the call · jump if equal, if any bit is set, if not below · return
_LOAD, _EQUAL, _ANY_BIT, _NOT_BELOW, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

Instruction = tuple[int, int, int, int]  # code, skipped if true, skipped if false, constant


def supported() -> bool:
    """Whether the numbers of this machine's system calls are known here."""
    return platform.machine() in _ARCHITECTURES


def build_filter(machine: str) -> list[Instruction]:
    """The program: refuse `_DENIED`, new namespaces and every socket that is not AF_UNIX; allow the rest."""
    column, architecture = _ARCHITECTURES[machine]

    def refuse(number: int, code: int) -> list[Instruction]:
        return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | code)]

    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),  # 32-bit calls have other numbers
        (_LOAD, 0, 0, _NUMBER),
        (_NOT_BELOW, 0, 1, 0x40000000),  # and so have those of x32
        (_RETURN, 0, 0, _KILL),
        *refuse(_CLONE3[column], errno.ENOSYS),  # its flags are out of a filter's sight; libc then takes clone
    ]
    for numbers in _DENIED.values():
        program += refuse(numbers[column], errno.EPERM)
    for numbers, argument, value in _DENIED_VALUES.values():
        program += [
            (_EQUAL, 0, 4, numbers[column]),
            (_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument),
            (_EQUAL, 0, 1, value),
            (_RETURN, 0, 0, _ERRNO | errno.EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    program += [
        (_EQUAL, 0, 3, _CLONE[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 0, 5, _NEW_NAMESPACES),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_EQUAL, 0, 3, _SOCKET[column]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 1, 0, _AF_UNIX),
        (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return program


@functools.cache
def compile_filter() -> tuple[bytes, ctypes.Array]:
    """This machine's filter as a struct sock_fprog, and the instructions that it points to; made before any fork."""
    program = build_filter(platform.machine())
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    return struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer)), buffer


def install(libc: ctypes.PyDLL) -> None:
    """Bind this process and its children for good; needs no_new_privs. Raises OSError."""
    header, _ = compile_filter()
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.c_char_p(header), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")
