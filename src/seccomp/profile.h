/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.seccomp of config.json -> BPF program, by libseccomp. Runs in create and exec, before clone; the profile was checked by the parser. */
#ifndef SANDLOCK_SECCOMP_PROFILE_H
#define SANDLOCK_SECCOMP_PROFILE_H

#include <linux/filter.h>
#include <stdbool.h>

struct err;
struct oci_seccomp;

struct seccomp_profile {
	struct sock_filter *insns; /* NULL: the profile allows everything, nothing to load */
	unsigned short len;	   /* instructions */
	unsigned flags;		   /* SECCOMP_FILTER_FLAG_* for seccomp(2) */
};

/* Names of system calls that this libseccomp does not know are left out (debug log). */
int seccomp_profile_compile(const struct oci_seccomp *profile, struct seccomp_profile *ret,
			    struct err **err);
/* Can this libseccomp make code for "SCMP_ARCH_X86_64"? */
bool seccomp_profile_has_arch(const char *name);
/* "2.5.4"; the caller frees. */
char *seccomp_library_version(void);
/* For those who want to know: -EINVAL with the first name of a system call that this libseccomp does not know. */
int seccomp_profile_check_names(const struct oci_seccomp *profile, struct err **err);
void seccomp_profile_done(struct seccomp_profile *profile);

#endif
