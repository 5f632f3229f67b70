/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes and small macros used everywhere. */
#ifndef SANDLOCK_BASE_COMPILER_H
#define SANDLOCK_BASE_COMPILER_H

#define ATTR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ATTR_NORETURN	       __attribute__((noreturn))
#define ATTR_UNUSED	       __attribute__((unused))
#define ATTR_WARN_UNUSED       __attribute__((warn_unused_result))
#define ATTR_CLEANUP(fn)       __attribute__((cleanup(fn)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))

#endif
