/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the program file out of a container's hands (CVE-2019-5736). */
#ifndef SANDLOCK_HOST_SELF_EXE_H
#define SANDLOCK_HOST_SELF_EXE_H

/*
 * A container can get hold of the program that enters it: by /proc/PID/exe, or by an image whose interpreter is /proc/self/exe. A descriptor of it can be opened for
 * writing once the program has ended, by a container's root that is root outside too. If we could write to our program, this replaces the process by the same program
 * with the same argv and environment, run through a read-only mount that is its own, or from a sealed copy in memory. Returns 0 if there was nothing to do
 * (also the second time), else -errno.
 */
int host_protect_self_exe(char *const argv[]);

#endif
