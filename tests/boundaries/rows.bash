# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The boundaries of SECURITY.md: boundary NAME FILE SED TEST...; see run.

# The write guard
boundary "a guarded call is not the kernel's" src/handlers/syscalls.def 's/^NOTIFY(fchmod, .*/ALLOW(fchmod)/' \
	"guard.bats:every way to write: same results"
boundary "openat2 is not the kernel's" src/handlers/syscalls.def 's/^NOTIFY(openat2, .*/ALLOW(openat2)/' \
	"attack.bats:memory that changes while it is read"
boundary "what was read of openat2 is not read again" src/handlers/open.c 's/if (!cow_shares_nothing(rq->svc->cow))/if (0)/' \
	"attack.bats:memory that changes while it is read"
boundary "unknown numbers are refused" src/seccomp/notify_set.c 's/add_range(b, next, VERDICT_ENOSYS)/add_range(b, next, VERDICT_ALLOW)/' \
	unit/seccomp/test-notify-filter
boundary "foreign architectures are refused" src/seccomp/notify_set.c 's/emit_goto(b, VERDICT_ENOSYS)/emit_goto(b, VERDICT_ALLOW)/' \
	unit/seccomp/test-notify-filter
boundary "an overlay over the live root is refused" src/handlers/mount.c 's/if (r == 0 \&\& is_refused(call->type))/if (0 \&\& is_refused(call->type))/' \
	"attack.bats:mounts over what the guard looks at"
boundary "calls that wait are bounded" src/supervisor/waiting.c 's/^#define WAITING_MAX .*/#define WAITING_MAX 1000000/' \
	"attack.bats:thousands of threads"

# Profiles
boundary "the guard is loaded before the profile" src/init/confine.c \
	'/^static int load_filters/,/^}/{s/load_notify_filter/FIRST/;s/load_profile/load_notify_filter/;s/FIRST/load_profile/}' \
	"seccomp.bats:the write guard is loaded before the profile"
boundary "operators of a profile" src/seccomp/profile.c 's/= SCMP_CMP_LT,/= SCMP_CMP_LE,/' unit/seccomp/test-profile-exact
boundary "the built-in profile" src/seccomp/default_profile.c 's/"read write readv/"bpf read write readv/' unit/seccomp/test-default-profile

# Landlock
boundary "the Landlock domain" src/init/confine.c 's/i < ctx->plan->n_landlock \&\& r >= 0/i < 0/' \
	"landlock.bats:a descriptor of a host directory that leaked" "landlock.bats:no mounts, not even" "landlock.bats:ports" \
	"landlock.bats:signals stay inside"

# The supervisor
boundary "the supervisor's filter" src/supervisor/confine.c 's/return host_seccomp_load(&prog, .*/return 0;/' "attack.bats:the supervisor is confined"
boundary "the supervisor's capabilities" src/supervisor/confine.c 's/set_effective(useful, permitted & useful)/set_effective(permitted, permitted)/' \
	"attack.bats:the supervisor is confined"
boundary "what the supervisor's filter allows" src/seccomp/supervisor_set.c 's/^\t__NR_openat,/\t__NR_openat, __NR_execve,/' \
	unit/seccomp/test-supervisor-set
boundary "the supervisor cannot be dumped" src/supervisor/confine.c 's/PR_SET_DUMPABLE, 0/PR_SET_DUMPABLE, 1/' \
	"user:attack.bats:the supervisor is confined"
boundary "what an ordinary user's supervisor can see" src/supervisor/view.c 's/return params->userns_fd >= 0 /return false /' \
	"attack.bats:nothing else of the host"

# Hygiene
boundary "CVE-2019-5736" src/host/self_exe.c '/^static bool is_out_of_reach/,/^}/s/^{/{ return true;/' "hygiene.bats:CVE-2019-5736"
boundary "CVE-2016-9962" src/container/launch_ns.c 's/PR_SET_DUMPABLE, 0/PR_SET_DUMPABLE, 1/' "hygiene.bats:CVE-2016-9962"
boundary "CVE-2024-21626" src/init/exec.c 's/if (syscall(SYS_close_range, first, last, 0) == 0)/if (first <= last)/' "hygiene.bats:CVE-2024-21626"
boundary "mount targets in the root, CVE-2024-45310, CVE-2025-52565" src/host/mount.c \
	's/RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS/0/;s/SYS_openat2, root_fd, path,/SYS_openat2, root_fd, path[strspn(path, "\/")] ? path + strspn(path, "\/") : ".",/' \
	"hygiene.bats:symlinks in the image" "hygiene.bats:a mount target that is swapped" "hygiene.bats:CVE-2025-52565" \
	"hygiene.bats:masked and read-only paths"
boundary "CVE-2025-31133" src/init/mask.c 's/r = open_null(&null_fd);/r = host_open_in_root(ctx->root_fd, "\/dev\/null", O_PATH, 0, \&null_fd);/' \
	"hygiene.bats:CVE-2025-31133"
boundary "CVE-2025-52881" src/init/steps.c '/{ "sysctl"/{h;d};/{ "mounts"/G' unit/init/test-steps
boundary "hooks get the environment that they name" src/container/hooks.c 's/hook->env ? hook->env : environ/environ/' \
	"hygiene.bats:hooks get the environment"
