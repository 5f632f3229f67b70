/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which names the operations use. The world's own are in world.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fileops.h"

char world_prefix[64];

static const char *const existing[] = {
	"f0",	"f1",	"f2", "f3", "f4",    "f5",	   "f6",       "f7",	  "fx",	  "sh",
	"sp",	"xa",	"ac", "h1", "d1/h2", "d1/a",	   "d1/b",     "d1/dd/e", "d2/p", "ds/s",
	"dt/t", "da/q", "f1", "f2", "d1/a",  "d3/e/f/g/h", "\xff\xfe", "n\nl",
};
static const char *const directories[] = {"d0", "d1", "d1/dd", "d2", "ds", "dt",
					  "da", "d3", "d3/e",  ".",  "..", "d3/e/f"};
static const char *const links[] = {"l0", "l1", "l2",	"l3",	 "l4",	  "l5",	  "l6",	  "l7",
				    "l8", "l9", "l2/a", "l2/..", "l8/f1", "l9/a", "d1/up"};
static const char *const fresh[] = {
	"n0",	 "n1",	  "n2",	   "n3",    "d0/n4", "d1/n5", "d1/dd/n6", "ds/n7",
	"da/n8", "dt/n9", "d2/na", "l2/nb", "n0/nc", "n1/nd", "l4",	  ".wh.f1",
};
static const char *const special[] = {
	"p0",
	"s0",
	"d1/p1",
	"/dev/null",
	"/dev/full",
	"/proc/self/comm",
	"/proc/self/oom_score_adj",
	"/proc/self/limits", /* not status, whose length depends on the ids that the kernel chose */
	"/proc/self/root",
	"/",
	"/w",
	"/dev/fd/51",
	"/proc/1/limits"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void path_set(struct path *path, const char *text)
{
	path->ptr = path->text;
	path->slot = -1;
	snprintf(path->text, sizeof(path->text), "%s", text);
}

static void path_add(struct path *path, const char *text)
{
	size_t len = strlen(path->text);

	snprintf(path->text + len, sizeof(path->text) - len, "%s", text);
}

static const char *any_name(struct op *op)
{
	unsigned k = pick(op, 100);

	if (k < 42)
		return existing[pick(op, COUNT(existing))];
	if (k < 57)
		return directories[pick(op, COUNT(directories))];
	if (k < 70)
		return links[pick(op, COUNT(links))];
	if (k < 94)
		return fresh[pick(op, COUNT(fresh))];
	return special[pick(op, COUNT(special))];
}

static void edge_case(struct op *op, struct path *path)
{
	char *t = path->text;

	switch (pick(op, 9)) {
	case 0:
		t[0] = 0;
		break;
	case 1:
		memset(t, 'x', 255);
		t[255] = 0;
		break;
	case 2:
		memset(t, 'x', 256);
		t[256] = 0;
		break;
	case 3: /* exactly PATH_MAX - 1 */
		memset(t, '/', 4095);
		memcpy(t, "./", 2);
		memcpy(t + 4093, "f1", 3);
		break;
	case 4: /* PATH_MAX */
		memset(t, '/', 4096);
		memcpy(t, "./", 2);
		memcpy(t + 4094, "f1", 3);
		break;
	case 5: /* 18 and 41 links, and perhaps one; l8 is ".". None between 20 and 40: a walk that the kernel has to start again counts them twice. */
	case 6:
		t[0] = 0;
		for (unsigned i = pick(op, 2) ? 18 : 41; i > 0; i--)
			path_add(path, "l8/");
		path_add(path, pick(op, 2) ? "f1" : "l0");
		break;
	case 7:
		path->ptr = (const char *)8;
		break;
	case 8:
		path_set(path, "f1/");
		break;
	}
}

static void magic(struct op *op, struct path *path)
{
	unsigned slot = pick(op, N_SLOTS);
	static const char *const dirs[] = {"/proc/self/fd", "/proc/thread-self/fd", "/dev/fd"};

	snprintf(path->text, sizeof(path->text), "%s/%u", dirs[pick(op, 3)], SLOT_BASE + slot);
	path->slot = (int)slot;
	if (chance(op, 25)) { /* a directory, perhaps */
		path_add(path, "/");
		path_add(path, any_name(op));
	}
}

static void decorate(struct op *op, struct path *path, const char *name)
{
	static const char *const before[] = {
		"./",  "d1/../",	  "l2/../",	 "d1/dd/../../", "../r/",	"l8/",
		".//", "/proc/self/cwd/", "d3/e/../../", "../../a/r/",	 "nowhere/../", "f1/../"};

	if (name[0] == '/') {
		snprintf(path->text, sizeof(path->text), "%s", name);
		return;
	}
	switch (pick(op, 4)) {
	case 0:
		snprintf(path->text, sizeof(path->text), "%s/a/r/%s", world_prefix, name);
		break;
	case 1:
		snprintf(path->text, sizeof(path->text), "%s%s", name, pick(op, 2) ? "/" : "/.");
		break;
	default:
		snprintf(path->text, sizeof(path->text), "%s%s", before[pick(op, COUNT(before))],
			 name);
	}
}

static void choose(struct op *op, struct path *path, const char *name)
{
	path->ptr = path->text;
	path->slot = -1;
	if (chance(op, 30))
		decorate(op, path, name);
	else
		snprintf(path->text, sizeof(path->text), "%s", name);
}

void pick_path(struct op *op, struct path *path)
{
	unsigned k = pick(op, 100);

	choose(op, path, any_name(op));
	if (k < 3)
		edge_case(op, path);
	else if (k < 9)
		magic(op, path);
}

void pick_plain(struct op *op, struct path *path)
{
	unsigned k = pick(op, 100);
	const char *name;

	if (k < 75)
		name = existing[pick(op, COUNT(existing))];
	else if (k < 85)
		name = links[pick(op, COUNT(links))];
	else
		name = fresh[pick(op, COUNT(fresh))];
	choose(op, path, name);
}

void pick_new(struct op *op, struct path *path)
{
	choose(op, path, chance(op, 85) ? fresh[pick(op, COUNT(fresh))] : any_name(op));
	if (chance(op, 3))
		edge_case(op, path);
}

int pick_at(struct op *op)
{
	unsigned k = pick(op, 100);

	if (k < 72)
		return AT_FDCWD;
	return k < 97 ? SLOT_BASE + (int)pick(op, N_SLOTS) : 99;
}

int pick_slot(struct op *op)
{
	int slot = SLOT_BASE + (int)pick(op, N_SLOTS);

	/* a second choice, so that most are open */
	if (fcntl(slot, F_GETFD) < 0)
		slot = SLOT_BASE + (int)pick(op, N_SLOTS);
	return slot;
}

int pick_private_slot(struct op *op)
{
	int slot = pick_slot(op);
	int flags = fcntl(slot, F_GETFL);

	if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY)
		return -1;
	return slot;
}

void to_slot(struct op *op, int fd)
{
	int slot = SLOT_BASE + (int)pick(op, N_SLOTS);

	if (fd < 0) {
		say_result(fd);
		say("\n");
		return;
	}
	/* the lowest free number, close-on-exec as asked */
	say(" = fd%d%s -> S%d\n", fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? "/cloexec" : "",
	    slot - SLOT_BASE);
	dup2(fd, slot);
	close(fd);
}
