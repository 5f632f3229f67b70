/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The built-in seccomp profile (annotation run.sandlock.seccomp=default): what podman and its relatives apply by default, so that a bundle without an
 * engine is held as well as with one. Pure.
 */
#ifndef SANDLOCK_SECCOMP_DEFAULT_PROFILE_H
#define SANDLOCK_SECCOMP_DEFAULT_PROFILE_H

#include <stdint.h>

struct oci_seccomp;

/* caps: the container's bounding set, bit n = capability n. Never NULL; free with seccomp_default_free. */
struct oci_seccomp *seccomp_default_profile(uint64_t caps);
void seccomp_default_free(struct oci_seccomp *profile);

#endif
