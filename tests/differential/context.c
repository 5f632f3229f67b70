/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who carries an operation out: the process itself, a thread, a child with other credentials, limits, roots and namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fileops.h"

struct task {
	const struct op_kind *kind;
	struct op *op;
};

static void perform(const struct task *t)
{
	say("%s", t->kind->name);
	t->kind->run(t->op);
}

/* --- children: each prepares itself, says how, and goes on --------------------------------------------------------------- */

static void be_plain(struct op *op)
{
	(void)op;
}

static void be_user(struct op *op)
{
	gid_t groups[] = {1000, 4};
	int r = pick(op, 2) ? setgroups(2, groups) : setgroups(0, NULL);

	if (r == 0)
		r = setresgid(1000, 1000, 1000);
	if (r == 0)
		r = setresuid(1000, 1000, 1000);
	say_result(r);
}

static void be_effective_user(struct op *op)
{
	if (pick(op, 2))
		say_result(setresgid(-1, 1000, -1));
	say_result(setresuid(-1, 1000, -1));
}

static void be_umask(struct op *op)
{
	umask((mode_t)PICK(op, 0, 077, 0777, 027));
}

static void be_limited(struct op *op)
{
	struct rlimit r = {(rlim_t)PICK(op, 0, 10, 4096, 5000), RLIM_INFINITY};

	if (pick(op, 2))
		signal(SIGXFSZ, SIG_IGN);
	say(" %ld", (long)r.rlim_cur);
	say_result(setrlimit(RLIMIT_FSIZE, &r));
}

static void be_chrooted(struct op *op)
{
	const char *dir = pick(op, 2) ? "." : "d1";

	say_result(chroot(dir));
	if (pick(op, 2))
		say_result(chdir("/"));
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);

	say_result(fd < 0 ? fd : 0);
	if (fd >= 0)
		say_result(write(fd, text, strlen(text)));
	close(fd);
}

static void be_in_userns(struct op *op)
{
	char map[32];

	snprintf(map, sizeof(map), "%d %d 1", pick(op, 2) ? 0 : 5, (int)geteuid());
	say_result(unshare(CLONE_NEWUSER));
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %d 1", (int)getegid());
	write_file("/proc/self/gid_map", map);
}

static void be_with_mounts(struct op *op)
{
	static const char *const dirs[] = {"d0", "d1", "d2", "d1/dd", "ds"};
	const char *a = dirs[pick(op, 5)], *b = dirs[pick(op, 5)];

	if (unshare(CLONE_NEWNS) < 0) {
		say_result(-1);
		return;
	}
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	switch (pick(op, 4)) {
	case 0:
		say(" tmpfs %s", a);
		say_result(mount("t", a, "tmpfs", 0, NULL));
		break;
	case 1:
		say(" ro %s", a);
		say_result(mount(a, a, NULL, MS_BIND, NULL));
		say_result(mount(NULL, a, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
		break;
	case 2:
		say(" file");
		say_result(mount("f2", "f1", NULL, MS_BIND, NULL));
		break;
	default:
		say(" bind %s %s", a, b);
		say_result(mount(a, b, NULL, MS_BIND, NULL));
	}
}

static void be_few_files(struct op *op)
{
	struct rlimit r = {3 + pick(op, 2), 1000};

	say(" %ld", (long)r.rlim_cur);
	say_result(setrlimit(RLIMIT_NOFILE, &r));
}

static void be_undumpable(struct op *op)
{
	(void)op;
	say_result(prctl(PR_SET_DUMPABLE, 0));
}

static void be_without_caps(struct op *op)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];
	unsigned which = (unsigned)PICK(op, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN, CAP_FSETID,
					CAP_LINUX_IMMUTABLE);

	syscall(SYS_capget, &h, d);
	if (chance(op, 30))
		d[0].effective = d[1].effective = 0;
	else
		d[0].effective &= ~(1u << which | 1u << CAP_DAC_READ_SEARCH);
	say(" %u", which);
	say_result(syscall(SYS_capset, &h, d));
}

static void child(const struct task *t, void (*prepare)(struct op *))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		prepare(t->op);
		say(" ");
		perform(t);
		/* once more by the same process: what is known of it already must still hold */
		if (chance(t->op, 50)) {
			say("\t  again ");
			perform(t);
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		say(" CHILD KILLED BY %d\n", WTERMSIG(status));
}

/* --- threads ------------------------------------------------------------------------------------------------------------- */

static void *plain_thread(void *arg)
{
	perform(arg);
	return NULL;
}

static void *fsuid_thread(void *arg)
{
	const struct task *t = arg;

	if (pick(t->op, 2))
		syscall(SYS_setfsgid, 1000);
	syscall(SYS_setfsuid, 1000);
	say(" fsuid=%ld ", syscall(SYS_setfsuid, -1));
	perform(t);
	return NULL;
}

static void *own_fs_thread(void *arg)
{
	const struct task *t = arg;

	say_result(unshare(CLONE_FS));
	umask((mode_t)PICK(t->op, 0, 077));
	say_result(chdir("d1"));
	say(" ");
	perform(t);
	return NULL;
}

/* Descriptors of its own; they are gone afterwards. */
static void *own_files_thread(void *arg)
{
	say_result(unshare(CLONE_FILES));
	say(" ");
	perform(arg);
	return NULL;
}

static void thread(struct task *t, void *(*body)(void *))
{
	pthread_t id;

	if (pthread_create(&id, NULL, body, t) == 0)
		pthread_join(id, NULL);
}

static const struct {
	const char *name;
	void (*prepare)(struct op *);
	void *(*thread)(void *);
} contexts[] = {
	{"child", be_plain, NULL},
	{"user", be_user, NULL},
	{"user", be_user, NULL},
	{"effective-user", be_effective_user, NULL},
	{"umask", be_umask, NULL},
	{"limited", be_limited, NULL},
	{"chrooted", be_chrooted, NULL},
	{"userns", be_in_userns, NULL},
	{"mounts", be_with_mounts, NULL},
	{"few-files", be_few_files, NULL},
	{"undumpable", be_undumpable, NULL},
	{"without-caps", be_without_caps, NULL},
	{"thread", NULL, plain_thread},
	{"fsuid-thread", NULL, fsuid_thread},
	{"own-fs-thread", NULL, own_fs_thread},
	{"own-files-thread", NULL, own_files_thread},
};

void run_op(const struct op_kind *kind, struct op *op)
{
	struct task t = {kind, op};
	unsigned k = pick(op, 100), c = pick(op, sizeof(contexts) / sizeof(contexts[0]));

	say("%u ", op->index);
	if (k >= 35) {
		perform(&t);
		return;
	}
	say("[%s] ", contexts[c].name);
	if (contexts[c].thread)
		thread(&t, contexts[c].thread);
	else
		child(&t, contexts[c].prepare);
}
