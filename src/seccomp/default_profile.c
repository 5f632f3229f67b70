/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The built-in seccomp profile. Runs in create and exec. Three verdicts: allowed; EPERM for what a capability is missing for, and for what is old and
 * dangerous; ENOSYS for everything else, so that programs fall back from calls that are newer than this list. A test compares it with podman's.
 */
#include <config.h>

#include "seccomp/default_profile.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "base/strv.h"
#include "libocispec/oci_types.h"

/* Names of all architectures; libseccomp leaves out what one does not have. 32-bit variants stand beside their calls. */
static const char *const always[] = {
	/* files by descriptor */
	"read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek _llseek "
	"close close_range dup dup2 dup3 fcntl fcntl64 flock "
	"fsync fdatasync sync syncfs sync_file_range ftruncate ftruncate64 fallocate fadvise64 "
	"fadvise64_64 readahead copy_file_range sendfile sendfile64 "
	"splice tee ioctl getdents getdents64 readdir fchdir fchmod fchown fchown32 fstat fstat64 "
	"fstatfs fstatfs64",
	/* files by name */
	"open openat openat2 creat access faccessat faccessat2 stat stat64 lstat lstat64 fstatat64 "
	"newfstatat statx statfs statfs64 readlink readlinkat "
	"link linkat symlink symlinkat unlink unlinkat rename renameat renameat2 mkdir mkdirat "
	"rmdir mknod mknodat truncate truncate64 chdir getcwd umask "
	"chmod fchmodat chown chown32 lchown lchown32 fchownat utime utimes futimesat utimensat "
	"utimensat_time64 name_to_handle_at",
	"getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr "
	"removexattr lremovexattr fremovexattr",
	"inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark",
	/* mounts: a capability in some user namespace is needed anyway, and nested containers need them */
	"mount umount umount2 mount_setattr move_mount open_tree fsopen fsmount fsconfig fspick "
	"pivot_root unshare setns",
	/* waiting for descriptors */
	"poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 epoll_create "
	"epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old "
	"epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 timerfd timerfd_create "
	"timerfd_settime timerfd_settime64 timerfd_gettime "
	"timerfd_gettime64 pipe pipe2 memfd_create memfd_secret io_setup io_destroy io_submit "
	"io_cancel io_getevents",
	/* memory */
	"brk mmap mmap2 munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock "
	"munlockall remap_file_pages membarrier mbind "
	"get_mempolicy set_mempolicy pkey_alloc pkey_free pkey_mprotect process_mrelease",
	/* processes and threads */
	"clone clone3 fork vfork execve execveat exit exit_group wait4 waitid waitpid kill tkill "
	"tgkill pidfd_open pidfd_getfd pidfd_send_signal "
	"ptrace process_vm_readv process_vm_writev prctl seccomp landlock_create_ruleset "
	"landlock_add_rule landlock_restrict_self "
	"futex futex_time64 get_robust_list set_robust_list set_tid_address set_thread_area "
	"get_thread_area rseq restart_syscall syscall "
	"getpid getppid gettid getpgid getpgrp setpgid getsid setsid getcpu getrusage times "
	"getrlimit ugetrlimit setrlimit prlimit64 "
	"getpriority setpriority ioprio_get ioprio_set sched_yield sched_getaffinity "
	"sched_setaffinity sched_getattr sched_setattr sched_getparam "
	"sched_setparam sched_getscheduler sched_setscheduler sched_get_priority_max "
	"sched_get_priority_min sched_rr_get_interval "
	"sched_rr_get_interval_time64",
	/* ids */
	"getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 "
	"getresgid getresgid32 getgroups getgroups32 setuid "
	"setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 "
	"setresgid setresgid32 setfsuid setfsuid32 setfsgid "
	"setfsgid32 setgroups setgroups32 capget capset keyctl",
	/* signals */
	"sigaction signal sigaltstack sigpending sigprocmask sigreturn sigsuspend pause alarm "
	"rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
	"rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64",
	/* time */
	"time gettimeofday nanosleep clock_gettime clock_gettime64 clock_getres "
	"clock_getres_time64 clock_nanosleep clock_nanosleep_time64 clock_adjtime "
	"clock_adjtime64 adjtimex getitimer setitimer timer_create timer_delete timer_getoverrun "
	"timer_gettime timer_gettime64 timer_settime "
	"timer_settime64",
	/* sockets, but for socket itself */
	"socketcall socketpair bind connect listen accept accept4 shutdown getsockname getpeername "
	"getsockopt setsockopt send sendto sendmsg sendmmsg "
	"recv recvfrom recvmsg recvmmsg recvmmsg_time64",
	/* System V and POSIX queues, semaphores, shared memory */
	"ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat "
	"shmctl shmdt shmget mq_open mq_unlink mq_notify "
	"mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64",
	/* the machine; reboot acts on the pid namespace */
	"uname sysinfo syslog getrandom reboot",
};

static const char *const never[] = {
	"bdflush io_pgetevents kexec_load kexec_file_load migrate_pages move_pages nfsservctl nice "
	"oldfstat oldlstat oldolduname oldstat olduname "
	"pciconfig_iobase pciconfig_read pciconfig_write sgetmask ssetmask swapcontext swapon "
	"swapoff sysfs uselib userfaultfd ustat vm86 vm86old vmsplice",
};

/* Allowed with the capability, EPERM without. */
static const struct {
	int cap;
	const char *names;
} privileged[] = {
	{CAP_DAC_READ_SEARCH, "open_by_handle_at"},
	{CAP_SYS_ADMIN, "bpf fanotify_init lookup_dcookie perf_event_open quotactl setdomainname "
			"sethostname"},
	{CAP_SYS_CHROOT, "chroot"},
	{CAP_SYS_MODULE, "init_module finit_module delete_module query_module"},
	{CAP_SYS_PACCT, "acct"},
	{CAP_SYS_PTRACE, "kcmp process_madvise"},
	{CAP_SYS_RAWIO, "ioperm iopl"},
	{CAP_SYS_TIME, "settimeofday stime clock_settime clock_settime64"},
	{CAP_SYS_TTY_CONFIG, "vhangup"},
};

#if defined(__x86_64__)
#define THIS_ARCHITECTURE "arch_prctl modify_ldt"
static const char *const architectures[] = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
#elif defined(__aarch64__)
#define THIS_ARCHITECTURE                                                                          \
	"arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"
static const char *const architectures[] = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#endif

#define RULES_MAX 40

static struct oci_seccomp_syscall *add_rule(struct oci_seccomp *p, const char *names,
					    enum oci_seccomp_action action, unsigned error)
{
	struct oci_seccomp_syscall *rule = &p->syscalls[p->n_syscalls++];

	rule->names = strv_split(names, ' ');
	rule->action = action;
	if (action == OCI_SECCOMP_ERRNO)
		rule->errno_ret = (struct oci_opt_u32){.set = true, .v = error};
	return rule;
}

static void add_arg(struct oci_seccomp_syscall *rule, uint32_t index, enum oci_seccomp_op op,
		    uint64_t value)
{
	rule->args = xreallocarray(rule->args, rule->n_args + 1, sizeof(*rule->args));
	rule->args[rule->n_args++] = (struct oci_seccomp_arg){
		.index = index,
		.op = op,
		.value = value,
	};
}

/* Linux, its 32-bit mode, both with 2.6 as version, and the question what it is. */
static void add_personality(struct oci_seccomp *p)
{
	static const uint64_t values[] = {PER_LINUX, PER_LINUX32, UNAME26, UNAME26 | PER_LINUX32,
					  0xffffffff};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		add_arg(add_rule(p, "personality", OCI_SECCOMP_ALLOW, 0), 0, OCI_SECCOMP_EQ,
			values[i]);
}

/* Audit messages need their capability; the error tells pam and others to do without. */
static void add_socket(struct oci_seccomp *p, uint64_t caps)
{
	struct oci_seccomp_syscall *rule;

	if (caps & UINT64_C(1) << CAP_AUDIT_WRITE) {
		add_rule(p, "socket", OCI_SECCOMP_ALLOW, 0);
		return;
	}
	rule = add_rule(p, "socket", OCI_SECCOMP_ERRNO, EINVAL);
	add_arg(rule, 0, OCI_SECCOMP_EQ, AF_NETLINK);
	add_arg(rule, 2, OCI_SECCOMP_EQ, NETLINK_AUDIT);
	add_arg(add_rule(p, "socket", OCI_SECCOMP_ALLOW, 0), 0, OCI_SECCOMP_NE, AF_NETLINK);
	add_arg(add_rule(p, "socket", OCI_SECCOMP_ALLOW, 0), 2, OCI_SECCOMP_NE, NETLINK_AUDIT);
}

struct oci_seccomp *seccomp_default_profile(uint64_t caps)
{
	struct oci_seccomp *p = xcalloc(1, sizeof(*p));

	p->default_action = OCI_SECCOMP_ERRNO;
	p->default_errno_ret = (struct oci_opt_u32){.set = true, .v = ENOSYS};
	for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
		strv_add(&p->architectures, architectures[i]);
	p->syscalls = xcalloc(RULES_MAX, sizeof(*p->syscalls));
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		add_rule(p, always[i], OCI_SECCOMP_ALLOW, 0);
	add_rule(p, THIS_ARCHITECTURE, OCI_SECCOMP_ALLOW, 0);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		add_rule(p, never[i], OCI_SECCOMP_ERRNO, EPERM);
	for (size_t i = 0; i < ARRAY_SIZE(privileged); i++) {
		bool has = caps & UINT64_C(1) << privileged[i].cap;

		add_rule(p, privileged[i].names, has ? OCI_SECCOMP_ALLOW : OCI_SECCOMP_ERRNO,
			 EPERM);
	}
	add_personality(p);
	add_socket(p, caps);
	return p;
}

void seccomp_default_free(struct oci_seccomp *profile)
{
	if (!profile)
		return;
	for (size_t i = 0; i < profile->n_syscalls; i++) {
		strv_free(profile->syscalls[i].names);
		free(profile->syscalls[i].args);
	}
	free(profile->syscalls);
	strv_free(profile->architectures);
	free(profile);
}
