/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text behind -o of sandlock-mount, as podman and buildah compose it. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strv.h"
#include "host/mount.h"
#include "mount/mount.h"
#include "tests/lib/tap.h"

static void check_podman(void)
{
	struct mount_request rq = {.target = "/g/overlay/id/merged"};
	int r = mount_request_parse(
		"lowerdir=/g/l/AB:/g/l/CD,upperdir=/g/id/diff,workdir=/g/id/work,nodev,volatile,,"
		"uidmapping=0:1:1000:1000:0:1,gidmapping=0:7:1",
		&rq, NULL);

	is_int(r, 0, "what podman composes is taken");
	is_int((long)strv_len(rq.lowers), 2, "two lowers");
	is_str(rq.lowers ? rq.lowers[1] : "", "/g/l/CD", "in their order");
	is_str(rq.upper ? rq.upper : "", "/g/id/diff", "the upper directory");
	ok(!rq.readonly && rq.attrs == MOUNT_ATTR_NODEV, "nodev, and nothing else");
	ok(rq.uids.n == 2 && rq.uids.ranges[1].disk == 1000 && rq.uids.ranges[1].shown == 0 &&
		   rq.uids.ranges[1].count == 1,
	   "ranges of user ids");
	is_int(mount_request_check(&rq, NULL), 0, "it is complete");
	mount_request_done(&rq);
}

static void check_escapes(void)
{
	struct mount_request rq = {.target = "/t"};
	int r = mount_request_parse("ro,lowerdir=/a\\:b:/c\\,d:/e\\\\f", &rq, NULL);

	is_int(r, 0, "escaped separators are taken");
	ok(rq.readonly, "ro");
	is_int((long)strv_len(rq.lowers), 3, "three lowers");
	is_str(rq.lowers ? rq.lowers[0] : "", "/a:b", "a colon in a path");
	is_str(rq.lowers ? rq.lowers[1] : "", "/c,d", "a comma in a path");
	is_str(rq.lowers ? rq.lowers[2] : "", "/e\\f", "a backslash in a path");
	mount_request_done(&rq);
}

static void refuses(const char *text, const char *word, int code)
{
	struct mount_request rq = {.target = "/t"};
	cleanup_err struct err *err = NULL;
	int r = mount_request_parse(text, &rq, &err);

	if (r == 0)
		r = mount_request_check(&rq, &err);
	ok(r == -code && strstr(err_msg(err), word), "refused, naming %s: %s", word, err_msg(err));
	mount_request_done(&rq);
}

int main(void)
{
	check_podman();
	check_escapes();
	refuses("lowerdir=/a,spare=many", "spare", EINVAL);
	refuses("lowerdir=/a,spare=101", "spare", EINVAL);
	refuses("upperdir=/u", "lowerdir", EINVAL);
	refuses("lowerdir=a:b", "lowerdir", EINVAL);
	refuses("lowerdir=/a,upperdir=u", "upperdir", EINVAL);
	refuses("lowerdir=/a,uidmapping=0:1", "uidmapping", EINVAL);
	refuses("lowerdir=/a,uidmapping=0:4294967295:2,gidmapping=0:0:1", "uidmapping", EINVAL);
	refuses("lowerdir=/a,uidmapping=0:1:1", "gidmapping", EINVAL);
	refuses("lowerdir=/a,squash_to_uid=x", "squash_to_uid", EINVAL);
	refuses("lowerdir=/a,share=links", "links", EINVAL);
	refuses("lowerdir=/a,no-such-option", "no-such-option", EINVAL);
	refuses("lowerdir=/a,context=\"a:b:c0,c1\"", "label=disable", ENOTSUP);
	refuses("lowerdir=/a,xattr_permissions=2", "force_mask", ENOTSUP);
	return tap_done();
}
