/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the supervisor needs while it serves. It reads hostile memory, so whoever finds a mistake in it should get a process that can do file work and little
 * else: no execve, no sockets but those it has, no ptrace, no writing to others' memory, no bpf, modules, keys, io_uring. The list was measured over the guard's
 * tests, and completed by what libc may call instead (docs/design/supervisor.md). EPERM and not a kill for the rest: the container lives by this process.
 *
 * A constant action for each number, so the kernel's bitmaps (5.11) answer without running the filter.
 */
#include <config.h>

#include "seccomp/supervisor_set.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "base/compiler.h"
#include "host/compat.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif

static const unsigned allowed[] = {
	/* the hottest first, for kernels without bitmaps */
	__NR_ioctl, /* notifications */
	__NR_process_vm_readv,
	__NR_openat,
	__NR_openat2,
	__NR_close,
	__NR_read,
	__NR_futex,
	__NR_fstat,
	__NR_newfstatat,
	__NR_statx,
	__NR_readlinkat,
	__NR_setresuid,
	__NR_setresgid,
	__NR_setgroups,
	__NR_setfsuid,
	__NR_setfsgid,
	__NR_capset,
	__NR_prlimit64,
	__NR_umask,
	__NR_lseek,
	/* files */
	__NR_write,
	__NR_pread64,
	__NR_pwrite64,
	__NR_readv,
	__NR_writev,
	__NR_dup,
	__NR_dup3,
	__NR_fcntl,
	__NR_flock,
	__NR_ftruncate,
	__NR_truncate,
	__NR_fallocate,
	__NR_fsync,
	__NR_fdatasync,
	__NR_copy_file_range,
	__NR_sendfile,
	__NR_getdents64,
	__NR_fchmod,
	__NR_fchmodat,
	__NR_fchmodat2,
	__NR_fchown,
	__NR_fchownat,
	__NR_utimensat,
	__NR_mkdirat,
	__NR_mknodat,
	__NR_linkat,
	__NR_symlinkat,
	__NR_unlinkat,
	__NR_renameat2,
	__NR_faccessat,
	__NR_faccessat2,
	__NR_statfs,
	__NR_fstatfs,
	__NR_chdir,
	__NR_fchdir,
	__NR_chroot,
	__NR_getxattr,
	__NR_lgetxattr,
	__NR_fgetxattr,
	__NR_setxattr,
	__NR_lsetxattr,
	__NR_fsetxattr,
	__NR_listxattr,
	__NR_llistxattr,
	__NR_flistxattr,
	__NR_removexattr,
	__NR_lremovexattr,
	__NR_fremovexattr,
	__NR_file_setattr,
	__NR_memfd_create,
	__NR_getcwd,
	/* mounts for the container */
	__NR_mount,
	__NR_umount2,
	__NR_fsopen,
	__NR_fsconfig,
	__NR_fsmount,
	__NR_move_mount,
	__NR_open_tree,
	__NR_mount_setattr,
	__NR_setns,
	__NR_unshare,
	/* memory, threads, children */
	__NR_mmap,
	__NR_munmap,
	__NR_mprotect,
	__NR_mremap,
	__NR_madvise,
	__NR_brk,
	__NR_clone,
	__NR_clone3,
	__NR_set_robust_list,
	__NR_rseq,
	__NR_set_tid_address,
	__NR_exit,
	__NR_exit_group,
	__NR_wait4,
	__NR_waitid,
	__NR_gettid,
	__NR_getpid,
	__NR_getppid,
	__NR_tgkill,
	__NR_pidfd_open,
	__NR_pidfd_getfd,
	__NR_pidfd_send_signal,
	__NR_sched_yield,
	__NR_sched_getaffinity,
	__NR_membarrier,
	__NR_rt_sigaction,
	__NR_rt_sigprocmask,
	__NR_rt_sigreturn,
	__NR_sigaltstack,
	__NR_restart_syscall,
	__NR_prctl,
	__NR_getrandom,
	/* credentials */
	__NR_getuid,
	__NR_geteuid,
	__NR_getgid,
	__NR_getegid,
	__NR_getgroups,
	__NR_capget,
	/* waiting; the sockets that are open */
	__NR_epoll_create1,
	__NR_epoll_ctl,
	__NR_epoll_pwait,
	__NR_eventfd2,
	__NR_ppoll,
	__NR_pipe2,
	__NR_accept4,
	__NR_sendmsg,
	__NR_recvmsg,
	__NR_sendto,
	__NR_recvfrom,
	__NR_setsockopt,
	__NR_getsockopt,
	__NR_shutdown,
	__NR_socketpair,
	__NR_clock_gettime,
	__NR_clock_nanosleep,
	__NR_nanosleep,
	__NR_uname,
	__NR_sysinfo,
#ifdef __NR_open /* x86-64 has the older calls as well */
	__NR_open,
	__NR_stat,
	__NR_lstat,
	__NR_access,
	__NR_readlink,
	__NR_chmod,
	__NR_dup2,
	__NR_getrlimit,
	__NR_epoll_wait,
	__NR_poll,
	__NR_fork,
	__NR_vfork,
	__NR_time,
	__NR_gettimeofday,
#endif
};

_Static_assert(ARRAY_SIZE(allowed) + 5 < SUPERVISOR_FILTER_MAX, "one jump must reach the end");

bool supervisor_may_call(unsigned nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (allowed[i] == nr)
			return true;
	}
	return false;
}

int supervisor_filter_build(struct sock_filter *insns, unsigned short *ret_len)
{
	const unsigned n = ARRAY_SIZE(allowed);
	struct sock_filter *p = insns;

	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, arch));
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < n; i++) {
		if (n - i > 255)
			return -E2BIG;
		*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
						    (uint8_t)(n - i), 0);
	}
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*ret_len = (unsigned short)(p - insns);
	return 0;
}
