/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OCI profiles compiled and loaded into a child, which then tries system calls. */
#include <config.h>

#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "host/seccomp_sys.h"
#include "libocispec/oci_config.h"
#include "libocispec/oci_error.h"
#include "seccomp/profile.h"
#include "tests/lib/tap.h"

static int compile(const char *json, struct seccomp_profile *ret, struct err **err)
{
	struct oci_seccomp *profile = NULL;
	struct oci_err oci_err;
	int r;

	if (oci_seccomp_parse(json, strlen(json), &profile, &oci_err) < 0)
		bail("%s: %s", oci_err.path, oci_err.msg);
	r = seccomp_profile_compile(profile, ret, err);
	oci_seccomp_free(profile);
	return r;
}

/* What syscall(nr, a, b) gives below the filter: 0, -errno, or -1000 - signal. */
static int try_call(const char *json, long nr, long a, long b)
{
	struct seccomp_profile profile;
	struct err *err = NULL;
	struct sock_fprog prog;
	pid_t pid;
	int status = 0;

	if (compile(json, &profile, &err) < 0)
		bail("%s", err_msg(err));
	prog = (struct sock_fprog){.len = profile.len, .filter = profile.insns};
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    host_seccomp_load(&prog, profile.flags) < 0)
			_exit(255);
		/* not _exit: under sanitizers that makes calls of its own, which a profile may refuse */
		syscall(SYS_exit_group, syscall(nr, a, b) < 0 ? errno : 0);
	}
	waitpid(pid, &status, 0);
	seccomp_profile_done(&profile);
	return WIFSIGNALED(status) ? -1000 - WTERMSIG(status) : -WEXITSTATUS(status);
}

#define RULE(action, extra)                                                                        \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"getppid\"],\"action\":" \
	"\"" action "\"" extra "}]}"
#define ARG(op, value, two)                                                                        \
	"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"setpriority\","         \
	"\"getpriority\"],"                                                                        \
	"\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":99,\"args\":[{\"index\":1,\"op\":\"SCMP_"      \
	"CMP_" op "\",\"value\":" value ",\"valueTwo\":" two "}]}]}"

/* covers: config linux.seccomp.syscalls.action, config linux.seccomp.syscalls.errnoRet */
static void test_actions(void)
{
	is_int(try_call(RULE("SCMP_ACT_ERRNO", ""), SYS_getppid, 0, 0), -EPERM,
	       "ERRNO is EPERM unless told");
	is_int(try_call(RULE("SCMP_ACT_ERRNO", ",\"errnoRet\":38"), SYS_getppid, 0, 0), -38,
	       "errnoRet");
	is_int(try_call(RULE("SCMP_ACT_ERRNO", ",\"errnoRet\":0"), SYS_getppid, 0, 0), 0,
	       "errnoRet 0 is a value");
	is_int(try_call(RULE("SCMP_ACT_ALLOW", ""), SYS_getppid, 0, 0), 0, "ALLOW");
	is_int(try_call(RULE("SCMP_ACT_LOG", ""), SYS_getppid, 0, 0), 0, "LOG lets through");
	is_int(try_call(RULE("SCMP_ACT_TRAP", ""), SYS_getppid, 0, 0), -1000 - SIGSYS, "TRAP");
	is_int(try_call(RULE("SCMP_ACT_KILL", ""), SYS_getppid, 0, 0), -1000 - SIGSYS, "KILL");
	is_int(try_call(RULE("SCMP_ACT_KILL_THREAD", ""), SYS_getppid, 0, 0), -1000 - SIGSYS,
	       "KILL_THREAD");
	is_int(try_call(RULE("SCMP_ACT_KILL_PROCESS", ""), SYS_getppid, 0, 0), -1000 - SIGSYS,
	       "KILL_PROCESS");
	is_int(try_call(RULE("SCMP_ACT_TRACE", ""), SYS_getppid, 0, 0), -ENOSYS,
	       "TRACE without a tracer");
}

/* covers: config linux.seccomp.defaultAction, config linux.seccomp.defaultErrnoRet, config linux.seccomp.syscalls.names */
static void test_default_action(void)
{
	static const char deny[] =
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":77,\"syscalls\":[{"
		"\"names\":"
		"[\"exit_group\",\"getuid\",\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";

	is_int(try_call(deny, SYS_getppid, 0, 0), -77, "what is not listed gets the default");
	is_int(try_call(deny, SYS_getuid, 0, 0), 0,
	       "what is listed does not; an unknown name does no harm");
}

/* covers: config linux.seccomp.syscalls.args */
static void test_operators(void)
{
	/* getpriority(PRIO_PROCESS, who): argument 1 is compared. */
	static const struct {
		const char *json;
		const char *op;
		long hit, miss;
	} rows[] = {
		{ARG("EQ", "0", "0"), "EQ", 0, 1},
		{ARG("NE", "0", "0"), "NE", 1, 0},
		{ARG("LT", "1", "0"), "LT", 0, 1},
		{ARG("LE", "0", "0"), "LE", 0, 1},
		{ARG("GT", "0", "0"), "GT", 1, 0},
		{ARG("GE", "1", "0"), "GE", 1, 0},
		{ARG("MASKED_EQ", "4", "4"), "MASKED_EQ", 7, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		is_int(try_call(rows[i].json, SYS_getpriority, 0, rows[i].hit), -99, "%s matches",
		       rows[i].op);
		ok(try_call(rows[i].json, SYS_getpriority, 0, rows[i].miss) != -99,
		   "%s does not match", rows[i].op);
	}
	is_int(try_call("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":["
			"\"getpriority\"],\"action\":\"SCMP_ACT_ERRNO\","
			"\"errnoRet\":99,\"args\":[{\"index\":1,\"op\":\"SCMP_CMP_EQ\",\"value\":5}"
			",{\"index\":1,\"op\":\"SCMP_CMP_EQ\",\"value\":6}]}]}",
			SYS_getpriority, 0, 6),
	       -99, "two conditions on one argument: either matches");
}

/* covers: config linux.seccomp.architectures, config linux.seccomp.flags */
static void test_rest(void)
{
	struct seccomp_profile profile = {0};
	struct err *err = NULL;

	is_int(compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_"
		       "TSYNC\","
		       "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],\"syscalls\":[{\"names\":["
		       "\"getppid\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}",
		       &profile, &err),
	       0, "NOTIFY");
	is_int(profile.flags, 1 << 5, "with a listener: WAIT_KILLABLE_RECV, no TSYNC");
	seccomp_profile_done(&profile);
	is_int(compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_"
		       "TSYNC\","
		       "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\",\"SECCOMP_FILTER_FLAG_SPEC_"
		       "ALLOW\"]}",
		       &profile, &err),
	       0, "all flags without NOTIFY");
	is_int(profile.flags, 1 << 0 | 1 << 2, "without one: TSYNC, no WAIT_KILLABLE_RECV");
	seccomp_profile_done(&profile);
	is_int(compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_"
		       "64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\","
		       "\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_S390X\",\"SCMP_ARCH_LOONGARCH64\"],"
		       "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"]}",
		       &profile, &err),
	       0, "architectures of all kinds");
	is_int(profile.flags, 2, "flags are those asked for");
	seccomp_profile_done(&profile);
	is_int(compile("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", &profile, &err), 0, "no flags");
	is_int(profile.flags, 4, "then SPEC_ALLOW");
	seccomp_profile_done(&profile);
	err_free(err);
}

int main(void)
{
	test_actions();
	test_default_action();
	test_operators();
	test_rest();
	return tap_done();
}
