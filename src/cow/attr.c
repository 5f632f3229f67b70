/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metadata of live objects: which owner, mode and times one is to have, and giving them, with all
 * xattrs and ACLs. Library. Untrusted: values and names of xattrs (from the image); they are only
 * handed from file to file.
 */
#include <config.h>

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cow/changes.h"
#include "cow/internal.h"
#include "host/at.h"

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

static struct timespec timespec_of(const struct statx_timestamp *t)
{
	return (struct timespec){.tv_sec = t->tv_sec, .tv_nsec = t->tv_nsec};
}

void attr_of_live(const struct statx *st, struct attr *ret)
{
	*ret = (struct attr){
		.uid = st->stx_uid,
		.gid = st->stx_gid,
		.mode = st->stx_mode,
		.times = {timespec_of(&st->stx_atime), timespec_of(&st->stx_mtime)},
	};
}

/* An id that was not given takes its set-id bit with it: the program would run as an id the image
 * never meant. */
static void drop_uid(struct attr *attr, uid_t left)
{
	attr->uid = left;
	if (S_ISREG(attr->mode))
		attr->mode &= ~(mode_t)S_ISUID;
}

static void drop_gid(struct attr *attr, gid_t left)
{
	attr->gid = left;
	if (S_ISREG(attr->mode))
		attr->mode &= ~(mode_t)S_ISGID;
}

void attr_of_lower(const struct cow *cow, const struct statx *st, struct attr *ret)
{
	const struct cow_refused *refused = &cow->index.refused;

	attr_of_live(st, ret);
	if (cow->owners)
		owners_find(cow->owners, host_statx_dev(st), st->stx_ino, &ret->uid, &ret->gid);
	if (id_list_has(&refused->uids, ret->uid))
		drop_uid(ret, refused->left_uid);
	if (id_list_has(&refused->gids, ret->gid))
		drop_gid(ret, refused->left_gid);
}

static int change_owner(struct host_xattr_ref dst, uid_t uid, gid_t gid)
{
	return dst.name ? host_lchownat(dst.fd, dst.name, uid, gid) : host_fchown(dst.fd, uid, gid);
}

static bool is_refusal(int r)
{
	return r == -EINVAL || r == -EPERM;
}

/* Most files belong to who populates, and a look is far cheaper than a journalled change to what is there already. */
static bool has_owner(struct host_xattr_ref file, uid_t uid, gid_t gid)
{
	struct statx st;

	return host_statx(file.fd, file.name ? file.name : "", &st) == 0 && st.stx_uid == uid &&
	       st.stx_gid == gid;
}

/* Both ids at once; if that is refused each by itself, so that one unmapped id does not cost the
 * other. */
static int give_owner(struct attr *attr, struct host_xattr_ref dst, struct cow_refused *refused)
{
	uid_t uid = attr->uid;
	gid_t gid = attr->gid;
	int r = has_owner(dst, uid, gid) ? 0 : change_owner(dst, uid, gid);

	if (!is_refusal(r))
		return r;
	r = change_owner(dst, uid, (gid_t)-1);
	if (is_refusal(r)) {
		drop_uid(attr, geteuid());
		r = refused ? id_list_add(&refused->uids, uid) : 0;
	}
	if (r < 0)
		return r;
	r = change_owner(dst, (uid_t)-1, gid);
	if (is_refusal(r)) {
		drop_gid(attr, getegid());
		r = refused ? id_list_add(&refused->gids, gid) : 0;
	}
	return r;
}

static int change_mode(struct host_xattr_ref dst, mode_t mode)
{
	if (S_ISLNK(mode))
		return 0;
	mode &= 07777;
	return dst.name ? host_chmodat(dst.fd, dst.name, mode) : host_fchmod(dst.fd, mode);
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Marks of overlayfs say what a directory is in a stack of layers; the live root is no layer. Ours say what a live directory is. */
static bool is_layer_mark(const char *attr)
{
	return starts_with(attr, "trusted.overlay.") || starts_with(attr, "user.overlay.") ||
	       starts_with(attr, "user.sandlock.");
}

/* Ours: state of a live root. It must neither leave it nor come from an image. */
static bool is_store_mark(const char *attr)
{
	return starts_with(attr, "user.sandlock.");
}

/* Kept where the kernel and the security module let us; the system gives them values of its own
 * otherwise. */
static bool is_label(const char *attr)
{
	return !strcmp(attr, "security.selinux") || !strcmp(attr, "security.ima") ||
	       !strcmp(attr, "security.evm") || starts_with(attr, "security.SMACK64") ||
	       !strcmp(attr, "security.apparmor");
}

/* The permissions that an ACL in the kernel's format gives to the owning group; -1: no such entry.
 */
static int acl_group_perm(const struct buf *acl)
{
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} e;

	for (size_t off = sizeof(uint32_t); off + sizeof(e) <= acl->len; off += sizeof(e)) {
		memcpy(&e, acl->data + off, sizeof(e));
		if (le16toh(e.tag) == 0x04) /* ACL_GROUP_OBJ */
			return le16toh(e.perm) & 7;
	}
	return -1;
}

/*
 * The ACL cannot be kept (ids not mapped, file system without ACLs). The group bits of the mode are
 * its mask: alone they could give the owning group more than the ACL did.
 */
static int narrow_mode(const struct attr *attr, struct host_xattr_ref dst, const struct buf *acl)
{
	int perm = acl_group_perm(acl);
	mode_t mode = attr->mode;

	if (perm >= 0)
		mode = (mode & ~(mode_t)S_IRWXG) | ((mode_t)perm << 3 & mode);
	return change_mode(dst, mode);
}

static int give_xattr(const struct attr *attr, struct host_xattr_ref src, struct host_xattr_ref dst,
		      const char *name)
{
	cleanup_buf struct buf value = {0};
	int r = host_xattr_get(src, name, &value);

	if (r == -ENODATA || r == -EOPNOTSUPP)
		return 0;
	/* a capability of a namespace that is no ancestor of ours: it means nothing here */
	if (r == -EOVERFLOW || (r < 0 && is_label(name)))
		return 0;
	if (r == 0)
		r = host_xattr_set(dst, name, value.data, value.len);
	if (r == 0)
		return 0;
	if (!strcmp(name, ACL_ACCESS) && (r == -EINVAL || r == -EOPNOTSUPP))
		return narrow_mode(attr, dst, &value);
	if (!strcmp(name, ACL_DEFAULT) && r == -EINVAL)
		return 0;
	/* not ours to give (trusted.*, capabilities without CAP_SETFCAP), or unknown to the live
	 * root's file system */
	if (r == -EPERM || r == -EOPNOTSUPP || is_label(name))
		return 0;
	return r;
}

static int give_xattrs(const struct attr *attr, struct host_xattr_ref src,
		       struct host_xattr_ref dst)
{
	cleanup_buf struct buf names = {0};
	int r = host_xattr_list(src, &names);
	const char *p = names.data, *end = p ? p + names.len : NULL;

	for (; r == 0 && p && p < end; p += strlen(p) + 1)
		if (!is_layer_mark(p) && !is_store_mark(p))
			r = give_xattr(attr, src, dst, p);
	return r;
}

int attr_remove_others(struct host_xattr_ref src, struct host_xattr_ref dst)
{
	cleanup_buf struct buf names = {0}, value = {0};
	int r = host_xattr_list(dst, &names);
	const char *p = names.data, *end = p ? p + names.len : NULL;

	for (; r == 0 && p && p < end; p += strlen(p) + 1) {
		if (!cow_xattr_is_content(p) || host_xattr_get(src, p, &value) != -ENODATA)
			continue;
		r = host_xattr_remove(dst, p);
		if (r == -ENODATA || r == -EPERM)
			r = 0;
	}
	return r;
}

int attr_apply(const struct attr *attr, struct host_xattr_ref src, struct host_xattr_ref dst,
	       struct cow_refused *refused)
{
	struct attr given = *attr;
	int r = give_owner(&given, dst, refused);

	if (r == 0)
		r = change_mode(dst, given.mode);
	if (r == 0)
		r = give_xattrs(&given, src, dst);
	if (r < 0)
		return r;
	return dst.name ? host_lutimensat(dst.fd, dst.name, given.times)
			: host_futimens(dst.fd, given.times);
}

bool cow_xattr_is_content(const char *attr)
{
	return !is_layer_mark(attr) && !is_store_mark(attr) && !is_label(attr);
}

static bool is_compared(const char *attr)
{
	return cow_xattr_is_content(attr);
}

static size_t count_compared(const struct buf *names)
{
	size_t n = 0;

	for (const char *p = names->data; p && p < names->data + names->len; p += strlen(p) + 1)
		n += is_compared(p);
	return n;
}

/* -ENODATA of either side is a difference, not an error. */
static int values_equal(struct host_xattr_ref a, struct host_xattr_ref b, const char *name,
			bool *ret)
{
	cleanup_buf struct buf x = {0}, y = {0};
	int r = host_xattr_get(a, name, &x);

	*ret = false;
	if (r == 0)
		r = host_xattr_get(b, name, &y);
	if (r == -ENODATA)
		return 0;
	if (r == 0)
		*ret = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
	return r;
}

int attr_xattrs_equal(struct host_xattr_ref a, struct host_xattr_ref b, bool *ret)
{
	cleanup_buf struct buf x = {0}, y = {0};
	bool equal = true;
	int r = host_xattr_list(a, &x);

	if (r == 0)
		r = host_xattr_list(b, &y);
	if (r < 0)
		return r;
	equal = count_compared(&x) == count_compared(&y);
	for (const char *p = x.data; r == 0 && equal && p && p < x.data + x.len; p += strlen(p) + 1)
		if (is_compared(p))
			r = values_equal(a, b, p, &equal);
	if (r == 0)
		*ret = equal;
	return r;
}
