/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the supervisor gives up before it hears of the container for the first time. Runs once, in the process that becomes the shepherd; servers inherit it.
 * Why there is no Landlock domain: docs/design/supervisor.md.
 */
#include <config.h>

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "host/seccomp_sys.h"
#include "host/thread_cred.h"
#include "seccomp/supervisor_set.h"
#include "supervisor/internal.h"

#define BIT(cap) (UINT64_C(1) << (cap))

/*
 * What a call with a path can need, as the supervisor's own act or as a caller's whose capabilities a worker takes. Not there: modules, reboot, time,
 * raw sockets, ports, priorities, locked memory, audit, bpf, perf, the system log.
 */
static const uint64_t useful =
	BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) |
	BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) |
	BIT(CAP_LINUX_IMMUTABLE) | BIT(CAP_NET_ADMIN) | BIT(CAP_SYS_RAWIO) | BIT(CAP_SYS_CHROOT) |
	BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_RESOURCE) | BIT(CAP_MKNOD) |
	BIT(CAP_LEASE) | BIT(CAP_SETFCAP) | BIT(CAP_MAC_OVERRIDE) | BIT(CAP_MAC_ADMIN);

int confine_capabilities(void)
{
	uint64_t effective, permitted;
	int r = host_thread_get_caps(&effective, &permitted);

	return r < 0 ? r : host_thread_set_effective(useful, permitted & useful);
}

int confine_self(void)
{
	struct sock_filter insns[SUPERVISOR_FILTER_MAX];
	struct sock_fprog prog = {.filter = insns};
	int r = supervisor_filter_build(insns, &prog.len);

	if (r < 0)
		return r;
	/* Not dumpable: no ptrace and no /proc/PID/mem for processes with our ids, no core with what we read. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* SPEC_ALLOW: a filter must not slow down every served call by mitigations that the same process did without before. */
	return host_seccomp_load(&prog, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}
