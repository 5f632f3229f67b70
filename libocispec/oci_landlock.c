/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process.landlock. Library code over untrusted values. The property is a draft (runtime-spec
 * #1111, #1241): ruleset and rules.pathBeneath are as drafted; handledAccessNet, scoped and
 * rules.netPort are our names for what the draft lacks.
 */
#include <config.h>

#include "libocispec/schema.h"

/* clang-format off */
static const struct field path_rule_fields[] = {
	ROW_STRINGS("allowedAccess", oci_landlock_path_rule, allowed_access, F_REQUIRED),
	ROW_STRINGS("paths", oci_landlock_path_rule, paths, F_REQUIRED | F_NOT_EMPTY),
	{ 0 },
};
OBJECT_DESC(path_rule, oci_landlock_path_rule, NULL);

static const struct field port_rule_fields[] = {
	ROW_STRINGS("allowedAccess", oci_landlock_port_rule, allowed_access, F_REQUIRED),
	ROW_NUMBERS("ports", oci_landlock_port_rule, ports, F_REQUIRED | F_NOT_EMPTY),
	{ 0 },
};
OBJECT_DESC(port_rule, oci_landlock_port_rule, NULL);

/* Both are groups of fields of struct oci_landlock itself. */
static const struct field ruleset_fields[] = {
	ROW_STRINGS("handledAccessFS", oci_landlock, handled_access_fs, 0),
	ROW_STRINGS("handledAccessNet", oci_landlock, handled_access_net, 0),
	ROW_STRINGS("scoped", oci_landlock, scoped, 0),
	{ 0 },
};
OBJECT_DESC(ruleset, oci_landlock, NULL);

static const struct field rules_fields[] = {
	ROW_OBJECTS("pathBeneath", oci_landlock, path_beneath, path_rule_desc),
	ROW_OBJECTS("netPort", oci_landlock, net_port, port_rule_desc),
	{ 0 },
};
OBJECT_DESC(rules, oci_landlock, NULL);

static const struct field landlock_fields[] = {
	{ .key = "ruleset", .type = F_EMBED, .desc = &ruleset_desc },
	{ .key = "rules", .type = F_EMBED, .desc = &rules_desc },
	ROW_BOOL("disableBestEffort", oci_landlock, disable_best_effort, 0),
	{ 0 },
};
/* clang-format on */

const struct object_desc oci_landlock_desc = {.size = sizeof(struct oci_landlock),
					      .fields = landlock_fields};
