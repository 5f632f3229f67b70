/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * create: plan, state directory, cgroup, supervisor, init, status, pid file, in this order; undone in the opposite order when a step
 * fails. Runs in the command. config.json is what the caller of the runtime wrote.
 */
#include <config.h>

#include "container/create.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "container/agent.h"
#include "cgroup/stats.h"
#include "container/conf.h"
#include "container/cow_place.h"
#include "container/guard_devices.h"
#include "container/hooks.h"
#include "container/id.h"
#include "container/intel_rdt.h"
#include "container/lazy.h"
#include "container/lifecycle.h"
#include "container/live_root.h"
#include "container/pid_file.h"
#include "container/prepare.h"
#include "container/store.h"
#include "container/teardown.h"
#include "handlers/request.h"
#include "host/process.h"
#include "libocispec/oci_config.h"
#include "supervisor/supervisor.h"

/* plan */

static int check_terminal(const struct creation *cr, struct err **err)
{
	const struct create_params *p = cr->p;
	bool terminal = cr->plan->has_process && cr->plan->process.terminal;

	if (terminal && !p->console_socket && !cr->console_return)
		return err_text(err, EINVAL, "use --console-socket with %s when a terminal is used",
				p->detach ? "--detach" : "create");
	if (!terminal && p->console_socket)
		return err_text(err, EINVAL, "--console-socket needs process.terminal to be true");
	return 0;
}

static int build_plan(struct creation *cr, struct err **err)
{
	const struct create_params *p = cr->p;
	struct plan_options opts = {
		.id = p->id,
		.bundle = cr->bundle,
		.no_pivot = p->no_pivot,
		.no_new_keyring = p->no_new_keyring,
		.cow = p->cow,
		.cow_dir = cr->cow_dir,
		.cow_keep = p->cow_keep,
		.commit_to = cr->commit_to,
		.cow_env = getenv("SANDLOCK_COW"),
		.conf_cow = cr->conf.cow,
		.conf_cow_populate = cr->conf.cow_populate,
		.conf_cow_dir = cr->conf.cow_dir,
		.live_store = cr->live_store,
	};
	struct plan_env env = {.caps = &cr->caps, .dir_facts = host_dir_facts};
	int r = host_probe(&cr->caps);

	if (r < 0)
		return err_set(err, r, "look at the host");
	cr->rootless = cr->caps.euid != 0 || cr->caps.in_userns;
	return plan_build(cr->config, &opts, &env, &cr->plan, err);
}

/* What the user typed counts from the working directory, unlike the annotation, which counts from the bundle. */
static int typed_dir(const char *dir, char **ret, struct err **err)
{
	cleanup_free char *cwd = NULL;

	if (!dir)
		return 0;
	if (dir[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_set(err, errno, "find the working directory");
	}
	*ret = cwd ? xasprintf("%s/%s", cwd, dir) : xstrdup(dir);
	return 0;
}

/* Not a file's but made here: a mistake in it is ours. */
static int parse_own_text(struct creation *cr, struct err **err)
{
	struct oci_err where;
	char shown[512];
	int r = oci_config_parse(cr->config_text, cr->config_len, &cr->config, &where);

	return r == 0 ? 0
		      : err_text(err, EINVAL, "%s",
				 oci_err_format(&where, "config.json", shown, sizeof(shown)));
}

/* root.path is missing or wrong: the plan says so. */
static int find_live_root(struct creation *cr, struct err **err)
{
	const struct oci_root *root = cr->config->root;
	cleanup_free char *path = NULL;

	if (!root || !root->path)
		return 0;
	path = root->path[0] == '/' ? xstrdup(root->path)
				    : xasprintf("%s/%s", cr->bundle, root->path);
	return live_root_find(path, &cr->live_store, err);
}

void creation_begin(struct creation *cr)
{
	if (cr->p->cgroup_manager != CGROUP_MANAGER_DISABLED)
		cr->warm_up = cgroup_warm_up();
}

int creation_plan(struct creation *cr, struct err **err)
{
	const struct create_params *p = cr->p;
	cleanup_free char *path = NULL;
	int r = container_id_check(p->id, err);

	if (r < 0)
		return r;
	cr->bundle = realpath(p->bundle, NULL);
	if (!cr->bundle)
		return err_set(err, errno, "open the bundle %s", p->bundle);
	r = typed_dir(p->cow_dir, &cr->cow_dir, err);
	if (r == 0)
		r = typed_dir(p->commit_to, &cr->commit_to, err);
	if (r == 0)
		r = conf_read(CONF_FILE, &cr->conf, err);
	if (r < 0)
		return r;
	path = p->config ? xstrdup(p->config) : xasprintf("%s/config.json", cr->bundle);
	if (cr->config_text)
		r = parse_own_text(cr, err);
	else
		r = store_parse_config(AT_FDCWD, path, path, &cr->config_text, &cr->config_len,
				       &cr->config, err);
	if (r < 0)
		return r;
	if (!cr->config->process)
		return err_text(err, EINVAL, "%s: process is missing", path);
	notify_configure(&cr->notify, p->root, p->id, cr->config);
	r = find_live_root(cr, err);
	if (r == 0)
		r = build_plan(cr, err);
	if (r < 0)
		return r;
	lazy_decide(cr->plan);
	for (char **w = cr->plan->warnings; w && *w; w++)
		log_warning("%s", *w);
	return check_terminal(cr, err);
}

void creation_done(struct creation *cr)
{
	cgroup_warm_up_end(&cr->warm_up);
	close_fd(&cr->supervisor.lifeline_fd);
	close_fd(&cr->control_fd);
	close_fd(&cr->spawn.console_fd);
	cgroup_free(cr->cg);
	store_close(cr->c);
	plan_free(cr->plan);
	oci_config_free(cr->config);
	notify_done(&cr->notify);
	conf_done(&cr->conf);
	free(cr->spare_ids);
	free(cr->config_text);
	free(cr->cow_dir);
	free(cr->commit_to);
	free(cr->live_store);
	free(cr->bundle);
}

/* state directory */

static char *now_text(void)
{
	struct timespec ts;
	struct tm tm;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	return xasprintf("%s.%09ldZ", date, ts.tv_nsec);
}

/* fgetpwent, not getpwuid: loading the name services costs more than the rest of create. */
static char *owner_name(uid_t uid)
{
	cleanup_file FILE *f = uid == 0 ? NULL : fopen("/etc/passwd", "re");
	struct passwd *pw;

	if (uid == 0)
		return xstrdup("root");
	while (f && (pw = fgetpwent(f)))
		if (pw->pw_uid == uid)
			return xstrdup(pw->pw_name);
	return xasprintf("%u", (unsigned)uid);
}

static int fill_state_dir(struct creation *cr, int *ret_fifo_fd, struct err **err)
{
	struct status *s = xcalloc(1, sizeof(*s));
	int r, fd;

	cr->c->status = s;
	s->creating = true;
	s->oci_version = xstrdup("1.3.0");
	s->created = now_text();
	s->owner = owner_name(geteuid());
	status_set_plan(s, cr->plan);
	/* The store is only ours to remove once the supervisor has made it. */
	free(steal_ptr(&s->cow_dir));
	r = store_save_config(cr->c, cr->config_text, cr->config_len, err);
	if (r == 0)
		r = notify_make(&cr->notify, cr->c, err);
	if (r < 0)
		return r;
	if (mkfifoat(cr->c->dir_fd, "exec.fifo", 0600) < 0)
		return err_set(err, errno, "make %s/exec.fifo", cr->c->dirname);
	/* O_RDWR: see spawn.h. */
	fd = openat(cr->c->dir_fd, "exec.fifo", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open %s/exec.fifo", cr->c->dirname);
	*ret_fifo_fd = fd;
	return 0;
}

/*
 * The group's name when config.json gives no path. Ids are unique within one state root only: under another root than the default one the
 * name says which (FNV-1a of its path), or two containers would share a group, and the delete of one would kill the other.
 */
static char *cgroup_name(const struct creation *cr)
{
	cleanup_free char *usual = NULL;
	uint32_t hash = 2166136261u;

	if (store_root(NULL, &usual, NULL) == 0 && strcmp(usual, cr->c->root) == 0)
		return xstrdup(cr->p->id);
	for (const char *c = cr->c->root; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return xasprintf("%s-%08x", cr->p->id, hash);
}

static int make_cgroup(struct creation *cr, struct err **err)
{
	cleanup_free char *name = cgroup_name(cr);
	struct cgroup_params params = {
		.manager = cr->p->cgroup_manager,
		.path = cr->plan->cgroups_path,
		.id = name,
		.resources = cr->plan->resources,
		.rootless = cr->rootless,
		.owner = {.set = cr->plan->cgroup_owner.set,
			  .uid = cr->plan->cgroup_owner.uid,
			  .gid = cr->plan->cgroup_owner.gid},
		.annotations = cr->config->annotations,
		.n_annotations = cr->config->n_annotations,
	};
	struct status *s = cr->c->status;
	int r = cgroup_create(&params, &cr->cg, err);

	if (r < 0)
		return r;
	s->cgroup_path = cgroup_path(cr->cg) ? xstrdup(cgroup_path(cr->cg)) : NULL;
	s->cgroup_ours = cgroup_is_ours(cr->cg);
	return 0;
}

/* barriers of spawn */

static int op_cloned(void *arg, const struct spawn *spawn, struct err **err)
{
	struct creation *cr = arg;
	struct status *s = cr->c->status;

	s->start_time = spawn->start_time;
	s->pid = spawn->pid;
	/* From here on `delete --force` can clean up after a create that was killed. */
	return status_write(cr->c->dir_fd, s, err);
}

static int op_join_cgroup(void *arg, pid_t pid, struct err **err)
{
	struct creation *cr = arg;
	struct status *s = cr->c->status;
	const char *scope;
	int r;

	cgroup_warm_up_end(&cr->warm_up);
	r = cgroup_join(cr->cg, pid, err);
	if (r < 0)
		return r;
	scope = cgroup_scope(cr->cg, &s->systemd_user);
	if (scope) {
		/* systemd has decided where. Only now: a scope that could not be made may be somebody else's, and delete would stop it. */
		s->systemd_scope = xstrdup(scope);
		s->cgroup_path = xstrdup(cgroup_path(cr->cg));
		s->cgroup_ours = true;
	}
	if (cr->plan->rdt.set)
		r = intel_rdt_join(&cr->plan->rdt, cr->p->id, pid, s, err);
	if (r < 0 || (!scope && !cr->plan->rdt.set))
		return r;
	return status_write(cr->c->dir_fd, s, err);
}

enum cow_share creation_share(enum plan_share share)
{
	switch (share) {
	case PLAN_SHARE_LINK:
		return COW_SHARE_LINK;
	case PLAN_SHARE_REFLINK:
		return COW_SHARE_REFLINK;
	case PLAN_SHARE_COPY:
		return COW_SHARE_COPY;
	default:
		return COW_SHARE_AUTO;
	}
}

static int begin_supervisor(struct creation *cr, const struct spawn *spawn, struct err **err)
{
	const struct plan_cow *cow = &cr->plan->cow;
	/* Rules that the container's cgroup does not enforce are not the supervisor's either. */
	bool any, guarded = (cgroup_path(cr->cg) || cgroup_scope(cr->cg, &any)) && !cr->rootless;
	size_t n_rules = 0;
	cleanup_free struct device_rule *rules =
		guarded ? guard_device_rules(cr->plan->resources, &n_rules) : NULL;
	struct supervisor_params params = {
		.cow =
			{
				.dir = cow->dir,
				.lowers = cow->lowers,
				.owner_id = cr->p->id,
				.share = creation_share(cow->share),
			},
		.pool = {.dir = cow->spare, .ids = cr->spare_ids},
		.existing = cow->existing,
		.shift_ids = cow->shift_ids,
		.userns_fd = spawn->userns_fd,
		.netns_fd = spawn->netns_fd,
		.control_fd = cr->control_fd,
		.has_device_rules = rules,
		.device_rules = rules,
		.n_device_rules = n_rules,
		.log_path = getenv("SANDLOCK_SUPERVISOR_LOG"),
	};
	struct lazy_paths paths = {0};
	int r;

	lazy_paths_of(cr->plan, &paths, &params);
	r = supervisor_begin(&params, &cr->supervisor, err);
	lazy_paths_done(&paths);
	return r;
}

static int op_begin_root(void *arg, const struct spawn *spawn, struct err **err)
{
	struct creation *cr = arg;
	int r;

	if (!cr->plan->cow.on)
		return 0;
	cr->spare_ids = spare_ids(&cr->plan->ids);
	r = cr->plan->cow.existing ? 0 : cow_place_prepare(cr->plan, err);
	if (r < 0)
		return r;
	r = begin_supervisor(cr, spawn, err);
	close_fd(&cr->control_fd);
	if (r < 0 && !cr->plan->cow.existing)
		cow_place_undo(cr->plan);
	return r;
}

static int op_finish_root(void *arg, bool *ret_lazy, struct err **err)
{
	struct creation *cr = arg;
	struct status *s = cr->c->status;
	int r;

	if (!cr->plan->cow.on)
		return 0;
	r = supervisor_finish(&cr->supervisor, err);
	if (r < 0 && !cr->plan->cow.existing)
		cow_place_undo(cr->plan);
	if (r < 0)
		return r;
	s->supervisor_pid = cr->supervisor.pid;
	host_process_start_time(s->supervisor_pid, &s->supervisor_start_time);
	s->cow_dir = xstrdup(cr->plan->cow.dir);
	s->cow_lazy = *ret_lazy = cr->supervisor.lazy;
	return status_write(cr->c->dir_fd, s, err);
}

static int op_runtime_hooks(void *arg, const struct spawn *spawn, struct err **err)
{
	struct creation *cr = arg;
	int r;

	r = hooks_run(cr->c, cr->plan, PLAN_HOOK_PRESTART, STATE_CREATING, spawn->pid, err);
	if (r == 0)
		r = hooks_run(cr->c, cr->plan, PLAN_HOOK_CREATE_RUNTIME, STATE_CREATING, spawn->pid,
			      err);
	return r;
}

static int op_container_hooks(void *arg, enum plan_hook_kind kind, pid_t pid, struct err **err)
{
	const struct creation *cr = arg;

	return hooks_run(cr->c, cr->plan, kind,
			 kind == PLAN_HOOK_START_CONTAINER ? STATE_CREATED : STATE_CREATING, pid,
			 err);
}

static int op_add_listener(void *arg, int listener_fd, struct err **err)
{
	const struct creation *cr = arg;

	return supervisor_add_listener(cr->c->dir_fd, listener_fd, err);
}

static int op_send_agent(void *arg, int listener_fd, pid_t pid, struct err **err)
{
	const struct creation *cr = arg;

	return agent_send(cr->c, cr->plan, STATE_CREATING, pid, listener_fd, err);
}

static const struct spawn_ops ops = {
	.cloned = op_cloned,
	.begin_root = op_begin_root,
	.join_cgroup = op_join_cgroup,
	.finish_root = op_finish_root,
	.runtime_hooks = op_runtime_hooks,
	.container_hooks = op_container_hooks,
	.add_listener = op_add_listener,
	.send_agent = op_send_agent,
};

static int start_init(struct creation *cr, int fifo_fd, struct err **err)
{
	struct spawn_params params = {
		.ops = &ops,
		.arg = cr,
		.exec_fifo_fd = fifo_fd,
		.console_socket = cr->p->console_socket,
		.console_return = cr->console_return,
		.preserve_fds = cr->p->preserve_fds,
		.join_pidfd = -EBADF,
	};

	pid_file_listen_fds(&params.preserve_fds, &params.listen_fds);
	return spawn_init(cr->plan, &params, &cr->spawn, err);
}

/* crun's annotation for what --pidfd-socket does. */
static int send_to_receiver(const struct creation *cr, struct err **err)
{
	const char *path = plan_annotation(cr->plan, "run.oci.pidfd_receiver");
	const struct status *s = cr->c->status;

	return path ? pid_file_send_pidfd(path, s->pid, s->start_time, err) : 0;
}

static int finish(struct creation *cr, struct err **err)
{
	struct status *s = cr->c->status;
	int r;

	s->pid = cr->spawn.pid;
	s->start_time = cr->spawn.start_time;
	s->creating = false;
	r = status_write(cr->c->dir_fd, s, err);
	if (r == 0 && cr->p->pidfd_socket)
		r = pid_file_send_pidfd(cr->p->pidfd_socket, s->pid, s->start_time, err);
	if (r == 0)
		r = send_to_receiver(cr, err);
	if (r == 0 && cr->p->pid_file)
		r = pid_file_write(cr->p->pid_file, s->pid, err);
	return r;
}

static int make_steps(struct creation *cr, struct err **err)
{
	cleanup_fd int fifo_fd = -EBADF;
	int r = fill_state_dir(cr, &fifo_fd, err);

	if (r == 0)
		r = make_cgroup(cr, err);
	if (r == 0 && cr->plan->cow.on)
		r = supervisor_listen(cr->c->dir_fd, &cr->control_fd, err);
	if (r == 0)
		r = start_init(cr, fifo_fd, err);
	return r < 0 ? r : finish(cr, err);
}

/* The error that led here is what the caller wants to read; failures of the clean-up are warnings. */
static void undo(struct creation *cr)
{
	bool had_process = cr->c->status && cr->c->status->pid > 0;
	cleanup_err struct err *why = NULL;

	/* It may still be making the live root. */
	if (cr->supervisor.middle > 0)
		op_finish_root(cr, &(bool){false}, NULL);
	if (teardown_kill(cr->c, &why) < 0)
		log_warning("%s", err_msg(why));
	close_fd(&cr->supervisor.lifeline_fd);
	if (teardown_remove(cr->c, &why) < 0)
		log_warning("%s", err_msg(why));
	/* Hooks that have run (in init as well, which cannot tell us) may have made things that poststop removes. */
	if (had_process)
		hooks_run(cr->c, cr->plan, PLAN_HOOK_POSTSTOP, STATE_STOPPED, 0, NULL);
	if (cr->p->pid_file)
		unlink(cr->p->pid_file);
}

int creation_make(struct creation *cr, struct err **err)
{
	int r = store_create(cr->p->root, cr->p->id, &cr->c, err);

	if (r < 0)
		return r;
	r = make_steps(cr, err);
	if (r < 0 && cr->cg && cgroup_had_oom(cr->cg))
		err_wrap(err, "the kernel ran out of memory for the container: its limit could be "
			      "too low");
	if (r < 0)
		undo(cr);
	close_fd(&cr->supervisor.lifeline_fd);
	return r;
}

int container_create(const struct create_params *p, struct err **err)
{
	struct creation cr = CREATION_INIT(p);
	int r;

	creation_begin(&cr);
	r = creation_plan(&cr, err);
	if (r == 0)
		r = creation_make(&cr, err);
	creation_done(&cr);
	return r;
}

int container_dump_plan(const struct create_params *p, struct buf *out, struct err **err)
{
	struct creation cr = CREATION_INIT(p);
	int r;

	cr.console_return = true;
	r = creation_plan(&cr, err);
	if (r == 0)
		plan_dump(cr.plan, out);
	creation_done(&cr);
	return r;
}
