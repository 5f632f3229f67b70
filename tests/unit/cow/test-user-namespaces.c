/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Populate inside of a user namespace: owners that are not mapped are shifted when they were recorded outside, else they are left as the
 * caller's; either way nothing looks changed.
 */
#include <config.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "tests/unit/cow/store.h"

#define BASE 100000

static const unsigned char cap[] = {1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
/* user::rw- user:12:rw- group::r-- mask::rw- other::--- */
static const unsigned char acl[] = {
	2, 0,  0,   0,	 1,   0,   6,  0, 255, 255, 255, 255, 2,   0,	6,
	0, 12, 0,   0,	 0,   4,   0,  4, 0,   255, 255, 255, 255, 16,	0,
	6, 0,  255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255,
};

/* fn runs as uid 0 of a user namespace with `count` ids from `base` on; its answer is the exit status. */
static int in_userns(unsigned base, unsigned count, int (*fn)(void *), void *arg)
{
	int to_parent[2], to_child[2], status = -1;
	char c = 0, path[64], map[64];
	pid_t pid;

	if (pipe2(to_parent, O_CLOEXEC) < 0 || pipe2(to_child, O_CLOEXEC) < 0)
		bail("pipe2");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0 || write(to_parent[1], &c, 1) != 1 ||
		    read(to_child[0], &c, 1) != 1 || setresgid(0, 0, 0) < 0 ||
		    setresuid(0, 0, 0) < 0)
			_exit(120);
		_exit(fn(arg));
	}
	close(to_parent[1]);
	if (read(to_parent[0], &c, 1) == 1) {
		static const char *const files[] = {"gid_map", "uid_map"};

		snprintf(map, sizeof(map), "0 %u %u\n", base, count);
		for (int i = 0; i < 2; i++) {
			int fd;

			snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, files[i]);
			fd = open(path, O_WRONLY | O_CLOEXEC);
			if (write(fd, map, strlen(map)) < 0)
				bail("%s: %s", files[i], strerror(errno));
			close(fd);
		}
		if (write(to_child[1], &c, 1) != 1)
			bail("write");
	}
	close(to_parent[0]);
	close(to_child[0]);
	close(to_child[1]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		bail("fork or waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

struct job {
	struct cow_params params;
	const char *lower;
};

static int print_change(enum cow_change change, const char *path, void *arg)
{
	(void)arg;
	printf("# diff: %d %s\n", (int)change, path);
	fflush(stdout);
	return -ECANCELED;
}

static int fail(const char *what, int r, const struct cow_fault *fault)
{
	printf("# %s: %s '%s': %s\n", what, fault->op ? fault->op : "", fault->path, strerror(-r));
	fflush(stdout);
	return 1;
}

/* create, populate, open again, diff (nothing has changed). */
static int make_and_diff(void *arg)
{
	struct job *job = arg;
	struct cow_fault fault = {0};
	struct cow_stats stats;
	struct cow *cow;
	int r = cow_create(&job->params, &cow);

	if (r < 0)
		return fail("create", r, &fault);
	r = cow_populate(cow, &stats, &fault);
	cow_close(cow);
	if (r < 0)
		return fail("populate", r, &fault);
	r = cow_open(job->params.dir, &cow);
	if (r < 0)
		return fail("open", r, &fault);
	r = cow_diff(cow, print_change, NULL, &fault);
	cow_close(cow);
	return r < 0 ? fail("diff", r, &fault) : 0;
}

static int remove_store(void *arg)
{
	struct cow_fault fault = {0};
	int r = cow_remove(arg, &fault);

	return r < 0 ? fail("remove", r, &fault) : 0;
}

static void set_owner(const char *l, const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	if (lchown(tree_path(l, path), uid, gid) < 0 ||
	    (mode && chmod(tree_path(l, path), mode) < 0))
		bail("chown %s: %s", path, strerror(errno));
}

static const char *make_lower(unsigned base)
{
	const char *l = tree_temp();

	chmod(l, 0755);
	tree_mkdir(l, "etc", 0755);
	tree_file(l, "etc/passwd", "p", 0644);
	tree_file(l, "etc/shadow", "s", 0640);
	tree_file(l, "tool", "t", 0755);
	tree_file(l, "setuid", "s", 0755);
	tree_file(l, "mailer", "m", 0755);
	tree_symlink(l, "link", "tool");
	tree_mkdir(l, "spool", 0755);
	set_owner(l, ".", base, base, 0755);
	set_owner(l, "etc", base, base, 0755);
	set_owner(l, "etc/passwd", base, base, 0644);
	set_owner(l, "etc/shadow", base, base + 42, 0640);
	set_owner(l, "tool", base, base, 0755);
	set_owner(l, "setuid", base, base, 04755);
	set_owner(l, "mailer", base + 8, base + 9, 06755);
	set_owner(l, "link", base + 5, base + 6, 0);
	set_owner(l, "spool", base + 13, base + 14, 02775);
	return l;
}

static const char *make_store_dir(uid_t owner)
{
	const char *base = tree_temp();

	if (chown(base, owner, owner) < 0)
		bail("chown");
	return tree_path(base, "s");
}

static bool owned_by(const char *dir, const char *path, uid_t uid, gid_t gid)
{
	struct stat st = tree_stat(dir, path);

	if (st.st_uid != uid || st.st_gid != gid)
		printf("# %s: %u:%u\n", path, (unsigned)st.st_uid, (unsigned)st.st_gid);
	return st.st_uid == uid && st.st_gid == gid;
}

static void check_shifted(void)
{
	const char *l = make_lower(0), *store = make_store_dir(BASE);
	const char *root = tree_path(store, "root");
	char *const lowers[] = {(char *)l, NULL};
	struct job job = {.params = {.dir = store, .lowers = lowers, .owner_id = "x"}};
	struct cow_owners *owners = NULL;
	char *before, *after;

	/* who is root in the namespace only cannot read what is closed to all but real root */
	chmod(tree_path(l, "etc/shadow"), 0644);
	tree_xattr(l, "tool", "security.capability", cap, sizeof(cap));
	before = tree_snapshot(l, TREE_INODES);
	is_int(cow_owners_scan(lowers, &owners, NULL), 0, "owners are recorded outside");
	job.params.owners = owners;
	is_int(in_userns(BASE, 65536, make_and_diff, &job), 0,
	       "shifted: populated, nothing changed");
	cow_owners_free(owners);
	ok(owned_by(root, "etc/passwd", BASE, BASE),
	   "shifted: root's file is the container root's");
	ok(owned_by(root, "etc/shadow", BASE, BASE + 42), "shifted: group");
	ok(owned_by(root, "mailer", BASE + 8, BASE + 9), "shifted: other ids");
	is_int(tree_stat(root, "mailer").st_mode & 07777, 06755, "shifted: set-id bits");
	ok(owned_by(root, "link", BASE + 5, BASE + 6), "shifted: symlink");
	ok(owned_by(root, "spool", BASE + 13, BASE + 14), "shifted: directory");
	ok(owned_by(root, ".", BASE, BASE), "shifted: the root itself");
	ok(tree_stat(root, "tool").st_ino != tree_stat(l, "tool").st_ino,
	   "shifted: nothing is linked");
	after = tree_snapshot(l, TREE_INODES);
	ok(tree_same(after, before), "shifted: the lower is as it was");
	is_int(in_userns(BASE, 65536, remove_store, (void *)store), 0, "shifted: removed");
	free(before);
	free(after);
}

/* A file that cannot be read is an error that names it, never an empty or a missing file. */
static void check_unreadable(void)
{
	const char *l = make_lower(0), *store = make_store_dir(BASE);
	char *const lowers[] = {(char *)l, NULL};
	struct job job = {.params = {.dir = store, .lowers = lowers, .owner_id = "x"}};
	struct cow_owners *owners = NULL;

	is_int(cow_owners_scan(lowers, &owners, NULL), 0, "owners are recorded outside");
	job.params.owners = owners;
	is_int(in_userns(BASE, 65536, make_and_diff, &job), 1, "unreadable file: populate fails");
	cow_owners_free(owners);
	is_int(in_userns(BASE, 65536, remove_store, (void *)store), 0, "unreadable file: removed");
}

/* The usual rootless case: the lower belongs to the ids of the namespace. */
static void check_mapped(void)
{
	const char *l = make_lower(BASE), *store = make_store_dir(BASE);
	const char *root = tree_path(store, "root");
	char *const lowers[] = {(char *)l, NULL};
	struct job job = {.params = {.dir = store, .lowers = lowers, .owner_id = "x"}};

	chmod(l, 0755);
	is_int(in_userns(BASE, 65536, make_and_diff, &job), 0,
	       "mapped: populated, nothing changed");
	ok(owned_by(root, "etc/shadow", BASE, BASE + 42), "mapped: a copied file");
	is_int(tree_stat(root, "tool").st_ino, tree_stat(l, "tool").st_ino,
	       "mapped: files are linked");
	is_int(tree_stat(root, "setuid").st_mode & 07777, 04755, "mapped: setuid");
	is_int(in_userns(BASE, 65536, remove_store, (void *)store), 0, "mapped: removed");
}

/* One id only: what belongs to others is left as the caller's, without the set-id bits that meant another id. */
static void check_single(void)
{
	const char *l = make_lower(BASE), *store = make_store_dir(BASE);
	const char *root = tree_path(store, "root");
	char *const lowers[] = {(char *)l, NULL};
	struct job job = {
		.params = {
			.dir = store, .lowers = lowers, .owner_id = "x", .share = COW_SHARE_COPY}};

	/* what is not mapped must be readable for all */
	chmod(tree_path(l, "etc/shadow"), 0644);
	is_int(in_userns(BASE, 1, make_and_diff, &job), 0, "single: populated, nothing changed");
	ok(owned_by(root, "etc/shadow", BASE, BASE), "single: the group is the caller's");
	ok(owned_by(root, "mailer", BASE, BASE), "single: the owner as well");
	is_int(tree_stat(root, "mailer").st_mode & 07777, 0755,
	       "single: its set-id bits are dropped");
	is_int(tree_stat(root, "setuid").st_mode & 07777, 04755,
	       "single: those of mapped ids are kept");
	is_int(in_userns(BASE, 1, remove_store, (void *)store), 0, "single: removed");
}

/* An ACL that names an id outside cannot be set; the mode alone must not give the group more. */
static void check_acl(void)
{
	const char *l = tree_temp(), *store = make_store_dir(BASE);
	char *const lowers[] = {(char *)l, NULL};
	struct job job = {.params = {.dir = store, .lowers = lowers, .share = COW_SHARE_COPY}};

	chmod(l, 0755);
	tree_file(l, "file", "f", 0644);
	set_owner(l, ".", BASE, BASE, 0755);
	set_owner(l, "file", BASE, BASE, 0644);
	if (!tree_xattr(l, "file", "system.posix_acl_access", acl, sizeof(acl))) {
		tap_skip("ACL of unmapped ids", "host: the file system has no ACLs");
		return;
	}
	is_int(tree_stat(l, "file").st_mode & 07777, 0660, "the mode shows the mask");
	in_userns(BASE, 1, make_and_diff, &job); /* its diff names the lost ACL */
	is_int(tree_stat(tree_path(store, "root"), "file").st_mode & 07777, 0640,
	       "an ACL that cannot be set leaves the group what it had");
}

int main(void)
{
	if (geteuid() != 0) {
		tap_skip("user namespaces", "not root: no id maps can be written");
		return tap_done();
	}
	check_shifted();
	check_unreadable();
	check_mapped();
	check_single();
	check_acl();
	return tap_done();
}
