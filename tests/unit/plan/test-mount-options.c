/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option table: sorted (it is searched), complete (runtime-spec 1.3, MUST and SHOULD), and what an option does to a mount. */
#include <config.h>

#include <sys/mount.h>

#include "base/err.h"
#include "host/mount.h"
#include "libocispec/oci_types.h"
#include "plan/mountopt.h"
#include "plan/plan.h"
#include "tests/lib/tap.h"

static const char *const specified[] = {
	"async",	"atime",	  "bind",	   "defaults",
	"dev",		"diratime",	  "dirsync",	   "exec",
	"iversion",	"lazytime",	  "loud",	   "noatime",
	"nodev",	"nodiratime",	  "noexec",	   "noiversion",
	"nolazytime",	"norelatime",	  "nostrictatime", "nosuid",
	"private",	"rbind",	  "relatime",	   "ro",
	"rprivate",	"rshared",	  "rslave",	   "runbindable",
	"rw",		"shared",	  "silent",	   "slave",
	"strictatime",	"suid",		  "sync",	   "unbindable",
	"nosymfollow",	"symfollow",	  "rro",	   "rrw",
	"rsuid",	"rnosuid",	  "rdev",	   "rnodev",
	"rexec",	"rnoexec",	  "ratime",	   "rnoatime",
	"rdiratime",	"rnodiratime",	  "rrelatime",	   "rnorelatime",
	"rstrictatime", "rnostrictatime", "rsymfollow",	   "rnosymfollow",
	"mand",		"nomand",	  "tmpcopyup",	   "remount",
};

static bool listed(const char *name)
{
	for (size_t i = 0; plan_mount_option_name(i); i++) {
		if (strcmp(plan_mount_option_name(i), name) == 0)
			return true;
	}
	return false;
}

static int dir_facts(const char *path, struct host_dir *ret)
{
	(void)path;
	*ret = (struct host_dir){.mode = 0755, .writable = true};
	return 0;
}

/* The plan's only mount, made from one list of options. Static: the plan of the last call is freed by the next one. */
static const struct plan_mount *decode(const char *type, char **opts)
{
	static struct plan *plan;
	static struct oci_root root = {.path = "/r"};
	static struct oci_namespace ns[] = {{.type = OCI_NS_MOUNT}};
	static struct oci_linux lin = {.namespaces = ns, .n_namespaces = 1};
	static struct host_caps caps = {.known_caps = 1};
	struct oci_mount mount = {
		.destination = "/d", .source = "/s", .type = type, .options = opts};
	struct oci_config config = {.root = &root, .mounts = &mount, .n_mounts = 1, .lin = &lin};
	struct plan_options o = {.id = "x", .bundle = "/b"};
	struct plan_env env = {.caps = &caps, .dir_facts = dir_facts};
	struct err *err = NULL;

	plan_free(plan);
	plan = NULL;
	if (plan_build(&config, &o, &env, &plan, &err) < 0) {
		printf("# %s\n", err_msg(err));
		err_free(err);
		return NULL;
	}
	return &plan->mounts[0];
}

#define OPTS(...) ((char *[]){__VA_ARGS__, NULL})

static void test_meaning(void)
{
	const struct plan_mount *m =
		decode("tmpfs", OPTS((char *)"ro", (char *)"noatime", (char *)"rw"));

	is_int(m->attr_set, MOUNT_ATTR_NOATIME, "rw takes ro back");
	is_int(m->attr_clr, MOUNT_ATTR_RDONLY | MOUNT_ATTR__ATIME,
	       "and says so; a mode of access times clears the others");
	m = decode("tmpfs", OPTS((char *)"noatime", (char *)"strictatime"));
	is_int(m->attr_set, MOUNT_ATTR_STRICTATIME, "the last mode of access times wins");
	m = decode("tmpfs", OPTS((char *)"sync", (char *)"async", (char *)"lazytime"));
	is_int(m->sb_flags, MS_LAZYTIME, "async takes sync back");
	m = decode("tmpfs",
		   OPTS((char *)"mode=755", (char *)"rslave", (char *)"size=1k", (char *)"shared"));
	is_str(m->data, "mode=755,size=1k",
	       "what is not in the table is data, propagation words are not");
	is_int(m->propagation, MS_SHARED, "the last propagation wins");
	m = decode("none", OPTS((char *)"rbind", (char *)"rro"));
	ok(m->kind == PLAN_MOUNT_BIND && m->rec, "rbind makes any type a recursive bind");
	ok(m->rec_set == MOUNT_ATTR_RDONLY && m->attr_set == 0, "rro is for the whole tree");
	ok(!decode("tmpfs", OPTS((char *)"idmap")), "idmap is refused");
	ok(!decode("ext4", OPTS((char *)"tmpcopyup")), "tmpcopyup is for tmpfs");
}

int main(void)
{
	const char *last = "";

	for (size_t i = 0; i < ARRAY_SIZE(specified); i++)
		ok(listed(specified[i]), "%s is known", specified[i]);
	for (size_t i = 0; plan_mount_option_name(i); i++) {
		const char *name = plan_mount_option_name(i);

		if (!name[0])
			continue;
		ok(strcmp(last, name) < 0, "%s comes after %s", name, last);
		last = name;
	}
	test_meaning();
	return tap_done();
}
