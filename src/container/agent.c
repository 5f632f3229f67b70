/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands a seccomp listener to the agent that config.json names. Runs in create and exec; the agent is the caller's own, but may be slow. */
#include <config.h>

#include "container/agent.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "container/state_doc.h"
#include "container/store.h"
#include "libocispec/oci_state.h"
#include "plan/plan.h"

#define TIMEOUT_S 10

static int write_doc(const struct container *c, const struct plan *plan, enum container_state state,
		     pid_t pid, struct buf *out)
{
	static const char *const fds[] = {"seccompFd", NULL};
	size_t n = c->status->n_annotations;
	cleanup_free struct oci_pair *annotations = xcalloc(n + 1, sizeof(*annotations));
	struct oci_process_state doc = {
		.oci_version = c->status->oci_version,
		.fds = fds,
		.pid = {true, pid},
		.metadata = plan->seccomp_metadata,
		.state =
			{
				.oci_version = c->status->oci_version,
				.id = c->id,
				.status = lifecycle_state_name(state),
				.pid = {true, pid},
				.bundle = c->status->bundle,
				.annotations = annotations,
				.n_annotations = n,
			},
	};

	for (size_t i = 0; i < n; i++)
		annotations[i] = (struct oci_pair){c->status->annotations[i].key,
						   c->status->annotations[i].value};
	return oci_process_state_write(&doc, out);
}

int agent_send(const struct container *c, const struct plan *plan, enum container_state state,
	       pid_t pid, int listener_fd, struct err **err)
{
	const struct timeval timeout = {.tv_sec = TIMEOUT_S};
	cleanup_buf struct buf doc = {0};
	cleanup_fd int sock = -EBADF;
	int r = write_doc(c, plan, state, pid, &doc);

	if (r < 0)
		return err_set(err, r, "write the container process state");
	r = fd_connect_unix(plan->seccomp_agent, &sock);
	if (r < 0)
		return err_set(err, r, "connect to linux.seccomp.listenerPath `%s`",
			       plan->seccomp_agent);
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	r = fd_send(sock, doc.data, doc.len, &listener_fd, 1);
	return r < 0 ? err_set(err, r, "send the seccomp listener to `%s`", plan->seccomp_agent)
		     : 0;
}
