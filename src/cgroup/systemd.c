/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of org.freedesktop.systemd1.Manager through libsystemd. Runs in create, update and delete. systemd's answers are trusted as those of the
 * host's service manager.
 */
#include <config.h>

#include "cgroup/systemd.h"

#include <errno.h>

#include "base/err.h"

#ifdef HAVE_SYSTEMD

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

#define SERVICE	     "org.freedesktop.systemd1"
#define OBJECT	     "/org/freedesktop/systemd1"
#define MANAGER	     "org.freedesktop.systemd1.Manager"
#define JOB_SECONDS  30
#define MAX_ATTEMPTS 32

/* What we use of libsystemd; the types are those of its header. */
#define FUNCTIONS(X)                                                                               \
	X(sd_bus_open_system)                                                                      \
	X(sd_bus_open_user)                                                                        \
	X(sd_bus_new)                                                                              \
	X(sd_bus_set_address)                                                                      \
	X(sd_bus_start)                                                                            \
	X(sd_bus_flush_close_unref)                                                                \
	X(sd_bus_message_new_method_call)                                                          \
	X(sd_bus_message_append)                                                                   \
	X(sd_bus_message_append_array)                                                             \
	X(sd_bus_message_append_strv)                                                              \
	X(sd_bus_message_open_container)                                                           \
	X(sd_bus_message_close_container)                                                          \
	X(sd_bus_message_read)                                                                     \
	X(sd_bus_message_unref)                                                                    \
	X(sd_bus_call)                                                                             \
	X(sd_bus_match_signal)                                                                     \
	X(sd_bus_process)                                                                          \
	X(sd_bus_wait)                                                                             \
	X(sd_bus_error_free)

static struct {
	void *library;
#define MEMBER(name) __typeof__(name) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
} lib;

static int load_library(struct err **err)
{
	if (lib.library)
		return 0;
	lib.library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!lib.library)
		return err_text(err, ENOTSUP, "the systemd cgroup manager needs libsystemd: %s",
				dlerror());
#define LOAD(name)                                                                                 \
	lib.name = (__typeof__(lib.name))dlsym(lib.library, #name);                                \
	if (!lib.name)                                                                             \
		return err_text(err, ENOTSUP, "libsystemd lacks %s", #name);
	FUNCTIONS(LOAD)
#undef LOAD
	return 0;
}

/* connection */

/* The manager's own socket, as systemctl uses it: there also before and without a D-Bus daemon. */
static int open_private(bool user, sd_bus **ret)
{
	const char *dir = user ? getenv("XDG_RUNTIME_DIR") : "/run";
	cleanup_free char *address = NULL;
	sd_bus *bus = NULL;
	int r;

	if (!dir)
		return -ENOENT;
	address = xasprintf("unix:path=%s/systemd/private", dir);
	r = lib.sd_bus_new(&bus);
	if (r >= 0)
		r = lib.sd_bus_set_address(bus, address);
	if (r >= 0)
		r = lib.sd_bus_start(bus);
	if (r < 0) {
		lib.sd_bus_flush_close_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

static int open_bus(bool user, sd_bus **ret, struct err **err)
{
	int r = load_library(err), first;

	if (r < 0)
		return r;
	first = user ? lib.sd_bus_open_user(ret) : lib.sd_bus_open_system(ret);
	if (first >= 0)
		return 0;
	r = open_private(user, ret);
	return r < 0 ? err_set(err, first, "connect to the systemd of %s (is it running?)",
			       user ? "this user" : "this host")
		     : 0;
}

/* messages */

static int append_value(sd_bus_message *m, const struct unit_property *p)
{
	switch (p->type[0]) {
	case 'b':
		return lib.sd_bus_message_append(m, "v", "b", (int)p->number);
	case 't':
		return lib.sd_bus_message_append(m, "v", "t", p->number);
	case 'x':
		return lib.sd_bus_message_append(m, "v", "x", (int64_t)p->number);
	case 'u':
		return lib.sd_bus_message_append(m, "v", "u", (uint32_t)p->number);
	case 'i':
		return lib.sd_bus_message_append(m, "v", "i", (int32_t)p->number);
	case 's':
		return lib.sd_bus_message_append(m, "v", "s", p->text);
	default:
		return -EINVAL;
	}
}

static int append_array(sd_bus_message *m, const struct unit_property *p)
{
	int r = lib.sd_bus_message_open_container(m, 'v', p->type);

	if (r >= 0)
		r = p->type[1] == 's'
			    ? lib.sd_bus_message_append_strv(m, p->list)
			    : lib.sd_bus_message_append_array(m, 'y', p->bytes, p->n_bytes);
	return r < 0 ? r : lib.sd_bus_message_close_container(m);
}

static int append_properties(sd_bus_message *m, const struct unit_properties *props)
{
	int r = 0;

	for (size_t i = 0; i < props->n && r >= 0; i++) {
		const struct unit_property *p = &props->v[i];

		r = lib.sd_bus_message_open_container(m, 'r', "sv");
		if (r >= 0)
			r = lib.sd_bus_message_append(m, "s", p->name);
		if (r >= 0)
			r = p->type[0] == 'a' ? append_array(m, p) : append_value(m, p);
		if (r >= 0)
			r = lib.sd_bus_message_close_container(m);
	}
	return r;
}

static int new_call(sd_bus *bus, const char *method, sd_bus_message **ret)
{
	return lib.sd_bus_message_new_method_call(bus, ret, SERVICE, OBJECT, MANAGER, method);
}

/* jobs */

struct job {
	char *path; /* of ours, once we know it */
	char *result;
};

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct job *job = arg;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (lib.sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (job->path && strcmp(job->path, path) == 0 && !job->result)
		job->result = xstrdup(result);
	return 0;
}

static void job_done(struct job *job)
{
	free(job->path);
	free(job->result);
}

/* Before the job is queued: its end is a signal that must not be missed. */
static int watch_jobs(sd_bus *bus, struct job *job)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = lib.sd_bus_match_signal(bus, NULL, NULL, OBJECT, MANAGER, "JobRemoved",
					on_job_removed, job);

	if (r >= 0)
		r = new_call(bus, "Subscribe", &m);
	/* AlreadySubscribed and the like: the signals come anyway, or waiting runs into its limit. */
	if (r >= 0)
		(void)lib.sd_bus_call(bus, m, 0, &error, NULL);
	lib.sd_bus_message_unref(m);
	lib.sd_bus_error_free(&error);
	return r;
}

static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int wait_job(sd_bus *bus, struct job *job, const char *unit, struct err **err)
{
	uint64_t end = now_usec() + JOB_SECONDS * UINT64_C(1000000), now;
	int r = 0;

	while (!job->result && r >= 0) {
		r = lib.sd_bus_process(bus, NULL);
		if (r != 0 || job->result)
			continue;
		now = now_usec();
		if (now >= end)
			return err_text(err, ETIMEDOUT, "systemd does not finish the job for %s",
					unit);
		r = lib.sd_bus_wait(bus, end - now);
	}
	if (r < 0)
		return err_set(err, r, "wait for systemd's job for %s", unit);
	if (strcmp(job->result, "done") != 0)
		return err_text(err, EIO, "systemd's job for %s ended with `%s`", unit,
				job->result);
	return 0;
}

/* The unit's name and "replace" or "fail" are in the message already; *ret_error is the caller's to free. */
static int queue_job(sd_bus *bus, sd_bus_message *m, struct job *job, sd_bus_error *ret_error)
{
	sd_bus_message *reply = NULL;
	const char *path;
	int r = lib.sd_bus_call(bus, m, 0, ret_error, &reply);

	if (r >= 0)
		r = lib.sd_bus_message_read(reply, "o", &path);
	if (r >= 0) {
		free(job->path);
		job->path = xstrdup(path);
	}
	lib.sd_bus_message_unref(reply);
	return r;
}

static void reset_failed(sd_bus *bus, const char *unit)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;

	if (new_call(bus, "ResetFailedUnit", &m) >= 0 &&
	    lib.sd_bus_message_append(m, "s", unit) >= 0)
		(void)lib.sd_bus_call(bus, m, 0, &error, NULL);
	lib.sd_bus_message_unref(m);
	lib.sd_bus_error_free(&error);
}

/*
 * "Cannot set property X, or unknown property." The systemd here is older than the property (or newer: BlockIOAccounting): the container's
 * limits are in the files of its group as well. false: another error.
 */
static bool drop_unknown(const sd_bus_error *error, struct unit_properties *props)
{
	static const char before[] = "Cannot set property ";
	const char *at = error->message ? strstr(error->message, before) : NULL;
	cleanup_free char *name = NULL;
	size_t n = props->n;

	if (!at)
		return false;
	at += strlen(before);
	name = xstrndup(at, strcspn(at, ", "));
	unit_properties_drop(props, name);
	if (props->n < n)
		log_debug("systemd does not know the property %s", name);
	return props->n < n;
}

/* start */

static int fill_start(sd_bus_message *m, const struct unit_request *req)
{
	uint32_t pid = (uint32_t)req->pid;
	int r = lib.sd_bus_message_append(m, "ss", req->unit, "fail");

	if (r >= 0)
		r = lib.sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = lib.sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s",
					      req->description, "Slice", "s", req->slice,
					      "DefaultDependencies", "b", 0, "Delegate", "b", 1);
	if (r >= 0)
		r = lib.sd_bus_message_append(m, "(sv)(sv)(sv)", "CPUAccounting", "b", 1,
					      "MemoryAccounting", "b", 1, "TasksAccounting", "b",
					      1);
	if (r >= 0)
		r = lib.sd_bus_message_append(
			m, "(sv)", req->v2 ? "IOAccounting" : "BlockIOAccounting", "b", 1);
	if (r >= 0)
		r = lib.sd_bus_message_append(m, "(sv)", "PIDs", "au", 1, pid);
	if (r >= 0)
		r = append_properties(m, req->properties);
	if (r >= 0)
		r = lib.sd_bus_message_close_container(m);
	return r < 0 ? r : lib.sd_bus_message_append(m, "a(sa(sv))", 0);
}

static int try_start(sd_bus *bus, const struct unit_request *req, struct job *job,
		     sd_bus_error *ret_error)
{
	sd_bus_message *m = NULL;
	int r = new_call(bus, "StartTransientUnit", &m);

	if (r >= 0)
		r = fill_start(m, req);
	if (r >= 0)
		r = queue_job(bus, m, job, ret_error);
	lib.sd_bus_message_unref(m);
	return r;
}

static int start_on(sd_bus *bus, const struct unit_request *req, struct job *job, struct err **err)
{
	bool was_reset = false;
	int r = watch_jobs(bus, job);

	if (r < 0)
		return err_set(err, r, "watch systemd's jobs");
	for (unsigned attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		sd_bus_error error = SD_BUS_ERROR_NULL;
		bool again = false;

		r = try_start(bus, req, job, &error);
		if (r < 0 && drop_unknown(&error, req->properties))
			again = true;
		/* Left over as failed by a container of the same name. */
		if (r == -EEXIST && !was_reset) {
			reset_failed(bus, req->unit);
			again = was_reset = true;
		}
		if (r < 0 && !again)
			err_text(err, r, "systemd refuses the unit %s: %s", req->unit,
				 error.message ? error.message : strerror(-r));
		lib.sd_bus_error_free(&error);
		if (!again)
			break;
	}
	return r < 0 ? r : wait_job(bus, job, req->unit, err);
}

int unit_start(const struct unit_request *req, struct err **err)
{
	struct job job = {0};
	sd_bus *bus = NULL;
	int r = open_bus(req->user, &bus, err);

	if (r < 0)
		return r;
	r = start_on(bus, req, &job, err);
	lib.sd_bus_flush_close_unref(bus);
	job_done(&job);
	return r;
}

/* set */

static int try_set(sd_bus *bus, const char *unit, const struct unit_properties *props,
		   sd_bus_error *ret_error)
{
	sd_bus_message *m = NULL;
	int r = new_call(bus, "SetUnitProperties", &m);

	if (r >= 0)
		r = lib.sd_bus_message_append(m, "sb", unit, 1);
	if (r >= 0)
		r = lib.sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = append_properties(m, props);
	if (r >= 0)
		r = lib.sd_bus_message_close_container(m);
	if (r >= 0)
		r = lib.sd_bus_call(bus, m, 0, ret_error, NULL);
	lib.sd_bus_message_unref(m);
	return r;
}

int unit_set(const char *unit, bool user, struct unit_properties *props, struct err **err)
{
	sd_bus *bus = NULL;
	bool again = true;
	int r = open_bus(user, &bus, err);

	if (r < 0)
		return r;
	while (again) {
		sd_bus_error error = SD_BUS_ERROR_NULL;

		r = try_set(bus, unit, props, &error);
		again = r < 0 && drop_unknown(&error, props);
		if (r < 0 && !again)
			err_text(err, r, "systemd refuses new limits for %s: %s", unit,
				 error.message ? error.message : strerror(-r));
		lib.sd_bus_error_free(&error);
	}
	lib.sd_bus_flush_close_unref(bus);
	return r < 0 ? r : 0;
}

/* stop */

static int stop_on(sd_bus *bus, const char *unit, struct job *job, struct err **err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = watch_jobs(bus, job);

	if (r >= 0)
		r = new_call(bus, "StopUnit", &m);
	if (r >= 0)
		r = lib.sd_bus_message_append(m, "ss", unit, "replace");
	if (r >= 0)
		r = queue_job(bus, m, job, &error);
	/* NoSuchUnit: the scope went by itself with its last process. */
	if (r == -ENOENT)
		r = 0;
	else if (r < 0)
		err_text(err, r, "systemd does not stop %s: %s", unit,
			 error.message ? error.message : strerror(-r));
	else
		r = wait_job(bus, job, unit, err);
	lib.sd_bus_message_unref(m);
	lib.sd_bus_error_free(&error);
	return r;
}

int unit_stop(const char *unit, bool user, struct err **err)
{
	struct job job = {0};
	sd_bus *bus = NULL;
	int r = open_bus(user, &bus, err);

	if (r < 0)
		return r;
	r = stop_on(bus, unit, &job, err);
	reset_failed(bus, unit);
	lib.sd_bus_flush_close_unref(bus);
	job_done(&job);
	return r;
}

#else /* no HAVE_SYSTEMD */

static int not_built(struct err **err)
{
	return err_text(err, ENOTSUP,
			"the systemd cgroup manager is not in this build (libsystemd was missing)");
}

int unit_start(const struct unit_request *req, struct err **err)
{
	(void)req;
	return not_built(err);
}

int unit_set(const char *unit, bool user, struct unit_properties *props, struct err **err)
{
	(void)unit;
	(void)user;
	(void)props;
	return not_built(err);
}

int unit_stop(const char *unit, bool user, struct err **err)
{
	(void)unit;
	(void)user;
	return not_built(err);
}

#endif
