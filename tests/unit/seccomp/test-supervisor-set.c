/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor's own filter, loaded into children. */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "host/seccomp_sys.h"
#include "seccomp/supervisor_set.h"
#include "tests/lib/tap.h"

static long try_call(long nr)
{
	struct sock_filter insns[SUPERVISOR_FILTER_MAX];
	struct sock_fprog prog = {.filter = insns};
	int status = 0;
	pid_t pid;

	if (supervisor_filter_build(insns, &prog.len) < 0)
		bail("the filter");
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || host_seccomp_load(&prog, 0) < 0)
			_exit(255);
		syscall(SYS_exit_group, syscall(nr, -1, -1, -1, -1, -1, -1) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(void)
{
	static const struct {
		long nr;
		const char *name;
	} refused[] = {
		{SYS_execve, "execve"},
		{SYS_execveat, "execveat"},
		{SYS_ptrace, "ptrace"},
		{SYS_process_vm_writev, "process_vm_writev"},
		{SYS_socket, "socket"},
		{SYS_connect, "connect"},
		{SYS_bpf, "bpf"},
		{SYS_init_module, "init_module"},
		{SYS_finit_module, "finit_module"},
		{SYS_kexec_load, "kexec_load"},
		{SYS_io_uring_setup, "io_uring_setup"},
		{SYS_keyctl, "keyctl"},
		{SYS_kill, "kill"},
		{SYS_reboot, "reboot"},
		{SYS_pivot_root, "pivot_root"},
		{SYS_perf_event_open, "perf_event_open"},
		{SYS_userfaultfd, "userfaultfd"},
		{SYS_open_by_handle_at, "open_by_handle_at"},
		{SYS_seccomp, "seccomp"},
		{9999, "a number of the future"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		is_int(try_call(refused[i].nr), EPERM, "%s: EPERM", refused[i].name);
		ok(!supervisor_may_call((unsigned)refused[i].nr), "%s is not listed",
		   refused[i].name);
	}
	is_int(try_call(SYS_close), EBADF, "close reaches the kernel");
	is_int(try_call(SYS_openat2), E2BIG, "openat2 reaches the kernel");
	is_int(try_call(SYS_getrandom), EINVAL, "the last ones of the list as well");
	return tap_done();
}
