/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink(7) requests and answers. Runs in create; the peer is the kernel, lengths are checked by its macros. */
#include <config.h>

#include "host/rtnl.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ANSWER_MAX                                                                                 \
	32768 /* a dump's message is at most this long (NLMSG_GOODSIZE and above: the kernel looks at the buffer) */

struct request {
	struct nlmsghdr head;
	char body[512];
};

int host_rtnl_open(int *ret_fd)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static void *start(struct request *rq, uint16_t type, uint16_t flags, size_t size)
{
	*rq = (struct request){
		.head = {.nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)}};
	rq->head.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	return rq->body;
}

/* Requests are short and made here: they always fit. */
static void add_attr(struct request *rq, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)rq + NLMSG_ALIGN(rq->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	rq->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(rq->head.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

static int send_request(int fd, const struct request *rq)
{
	return send(fd, rq, rq->head.nlmsg_len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* One message of an answer: > 0 goes on, 0 and < 0 end it. */
typedef int (*message_fn)(const struct nlmsghdr *head, void *arg);

static int read_answer(int fd, message_fn fn, void *arg)
{
	cleanup_free char *buf = malloc(ANSWER_MAX);

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = recv(fd, buf, ANSWER_MAX, MSG_TRUNC);
		unsigned left;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n > ANSWER_MAX)
			return -EMSGSIZE;
		left = (unsigned)n;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buf; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left)) {
			const struct nlmsgerr *e = NLMSG_DATA(h);
			int r;

			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return e->error;
			r = fn ? fn(h, arg) : 1;
			if (r <= 0)
				return r;
		}
	}
}

static int ask(int fd, struct request *rq, message_fn fn, void *arg)
{
	int r = send_request(fd, rq);

	return r < 0 ? r : read_answer(fd, fn, arg);
}

/* The kernel confirms; errors are its answer. */
static int change(int fd, struct request *rq)
{
	rq->head.nlmsg_flags |= NLM_F_ACK;
	return ask(fd, rq, NULL, NULL);
}

static int take_index(const struct nlmsghdr *head, void *arg)
{
	const struct ifinfomsg *info = NLMSG_DATA(head);

	*(int *)arg = info->ifi_index;
	return 0;
}

int host_rtnl_find(int fd, const char *name, int *ret_index)
{
	struct request rq;
	int index = 0, r;

	start(&rq, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	add_attr(&rq, IFLA_IFNAME, name, strlen(name) + 1);
	r = ask(fd, &rq, take_index, &index);
	if (r == 0)
		*ret_index = index;
	return r;
}

struct list {
	size_t n;
	int error;
	int index; /* addresses: of this device */
	int *indexes;
	struct host_address *addresses;
};

static int collect_link(const struct nlmsghdr *head, void *arg)
{
	const struct ifinfomsg *info = NLMSG_DATA(head);
	struct list *list = arg;
	int *more = reallocarray(list->indexes, list->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	list->indexes = more;
	list->indexes[list->n++] = info->ifi_index;
	return 1;
}

int host_rtnl_list(int fd, int **ret, size_t *ret_n)
{
	struct request rq;
	struct list list = {0};
	int r;

	start(&rq, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	r = ask(fd, &rq, collect_link, &list);
	if (r < 0) {
		free(list.indexes);
		return r;
	}
	*ret = list.indexes;
	*ret_n = list.n;
	return 0;
}

static bool is_in(int index, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == index)
			return true;
	return false;
}

int host_rtnl_find_new(int fd, const int *before, size_t n, int *ret_index)
{
	cleanup_free int *now = NULL;
	size_t n_now = 0;
	int r = host_rtnl_list(fd, &now, &n_now);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n_now; i++) {
		if (is_in(now[i], before, n))
			continue;
		*ret_index = now[i];
		return 0;
	}
	return -ENODEV;
}

static bool take_bytes(const struct rtattr *a, const struct host_address *to, uint8_t *bytes)
{
	if (RTA_PAYLOAD(a) != to->len)
		return false;
	memcpy(bytes, RTA_DATA(a), to->len);
	return true;
}

static void decode_address(const struct nlmsghdr *head, struct host_address *to)
{
	const struct ifaddrmsg *msg = NLMSG_DATA(head);
	unsigned left = (unsigned)IFA_PAYLOAD(head);
	bool has_local = false;

	*to = (struct host_address){
		.family = msg->ifa_family,
		.prefix_len = msg->ifa_prefixlen,
		.flags = msg->ifa_flags,
		.len = msg->ifa_family == AF_INET ? 4 : 16,
	};
	for (const struct rtattr *a = IFA_RTA(msg); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFA_LOCAL)
			has_local = take_bytes(a, to, to->local);
		else if (a->rta_type == IFA_ADDRESS)
			take_bytes(a, to, to->peer);
		else if (a->rta_type == IFA_BROADCAST)
			to->has_broadcast = take_bytes(a, to, to->broadcast);
		else if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) == sizeof(to->flags))
			memcpy(&to->flags, RTA_DATA(a), sizeof(to->flags));
	}
	if (!has_local) /* IPv6 without a peer */
		memcpy(to->local, to->peer, to->len);
}

static int collect_address(const struct nlmsghdr *head, void *arg)
{
	const struct ifaddrmsg *msg = NLMSG_DATA(head);
	struct list *list = arg;
	struct host_address address, *more;

	if ((int)msg->ifa_index != list->index || msg->ifa_scope != RT_SCOPE_UNIVERSE ||
	    (msg->ifa_family != AF_INET && msg->ifa_family != AF_INET6))
		return 1;
	decode_address(head, &address);
	if (!(address.flags & IFA_F_PERMANENT))
		return 1;
	address.flags &= IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE |
			 IFA_F_MANAGETEMPADDR | IFA_F_MCAUTOJOIN;
	more = reallocarray(list->addresses, list->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->addresses = more;
	list->addresses[list->n++] = address;
	return 1;
}

int host_rtnl_addresses(int fd, int index, struct host_address **ret, size_t *ret_n)
{
	struct request rq;
	struct list list = {.index = index};
	int r;

	start(&rq, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	r = ask(fd, &rq, collect_address, &list);
	if (r < 0) {
		free(list.addresses);
		return r;
	}
	*ret = list.addresses;
	*ret_n = list.n;
	return 0;
}

int host_rtnl_move(int fd, int index, int netns_fd, const char *name)
{
	struct request rq;
	struct ifinfomsg *info = start(&rq, RTM_SETLINK, 0, sizeof(*info));

	info->ifi_index = index;
	add_attr(&rq, IFLA_NET_NS_FD, &netns_fd, sizeof(netns_fd));
	add_attr(&rq, IFLA_IFNAME, name, strlen(name) + 1);
	return change(fd, &rq);
}

int host_rtnl_add_address(int fd, int index, const struct host_address *address)
{
	struct request rq;
	struct ifaddrmsg *msg = start(&rq, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*msg));

	msg->ifa_family = address->family;
	msg->ifa_prefixlen = address->prefix_len;
	msg->ifa_scope = RT_SCOPE_UNIVERSE;
	msg->ifa_index = (uint32_t)index;
	add_attr(&rq, IFA_LOCAL, address->local, address->len);
	add_attr(&rq, IFA_ADDRESS, address->peer, address->len);
	add_attr(&rq, IFA_FLAGS, &address->flags, sizeof(address->flags));
	if (address->has_broadcast)
		add_attr(&rq, IFA_BROADCAST, address->broadcast, address->len);
	return change(fd, &rq);
}

int host_rtnl_up(int fd, int index)
{
	struct request rq;
	struct ifinfomsg *info = start(&rq, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_index = index;
	info->ifi_flags = IFF_UP;
	info->ifi_change = IFF_UP;
	return change(fd, &rq);
}
