/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The systemd manager: a transient scope unit per container, made through D-Bus. libsystemd is loaded only when it is used (a start-up without
 * it is faster), and built in only with its headers (HAVE_SYSTEMD). Shared inside src/cgroup.
 */
#ifndef SANDLOCK_CGROUP_SYSTEMD_H
#define SANDLOCK_CGROUP_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"

struct err;
struct oci_pair;
struct oci_resources;

/* A property of a unit, with the D-Bus type of its value: b t u i x s, "as" or "ay". */
struct unit_property {
	char *name;
	const char *type;
	uint64_t number; /* b t u; i and x as two's complement */
	char *text;	 /* s */
	char **list;	 /* as */
	uint8_t *bytes;	 /* ay */
	size_t n_bytes;
};

struct unit_properties {
	struct unit_property *v;
	size_t n;
};

void unit_properties_done(struct unit_properties *p);
#define cleanup_unit_properties ATTR_CLEANUP(unit_properties_done)

/* The limits of config.json as properties; what systemd knows no property for is only written to the files. */
int unit_properties_of_resources(const struct oci_resources *res, bool v2,
				 struct unit_properties *ret, struct err **err);
/* "org.systemd.property.NAME" annotations, values in GVariant text. */
int unit_properties_of_annotations(const struct oci_pair *v, size_t n, struct unit_properties *ret,
				   struct err **err);
/* Names a property that systemd does not know. */
void unit_properties_drop(struct unit_properties *p, const char *name);

/*
 * "slice:prefix:name" -> unit and slice. path NULL: sandlock-<id>.scope. user: of a user's own manager, with cgroup v2 in user.slice.
 */
int unit_names(const char *path, const char *id, bool user, char **ret_unit, char **ret_slice,
	       struct err **err);

struct unit_request {
	const char *unit, *slice, *description;
	bool user; /* the calling user's manager */
	pid_t pid;
	bool v2;
	struct unit_properties *properties; /* those that are not known are taken out */
};

/* Blocks until systemd says that the unit is there. */
int unit_start(const struct unit_request *req, struct err **err);
int unit_set(const char *unit, bool user, struct unit_properties *properties, struct err **err);
/* A unit that is gone is no error. */
int unit_stop(const char *unit, bool user, struct err **err);

#endif
