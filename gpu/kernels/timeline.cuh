/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One thread watches the device's clock for ns: where it stands still for longer than threshold ns,
 * the thread did not run. edges[] takes the times at which a run began and ended, in turns; summary[]
 * how many of them, and the smallest step of the clock. Ends early when room edges are taken.
 */
extern "C" __global__ void timeline(unsigned long long *edges, unsigned int room,
				    unsigned long long ns, unsigned long long threshold,
				    unsigned long long *summary)
{
	unsigned long long start = global_timer(), last = start, now, least = ~0ull;
	unsigned int count = 0;

	edges[count++] = start;
	while ((now = global_timer()) - start < ns && count + 3 <= room) {
		unsigned long long step = now - last;

		if (step > threshold) {
			edges[count++] = last;
			edges[count++] = now;
		}
		if (step && step < least)
			least = step;
		last = now;
	}
	edges[count++] = last;
	summary[0] = count;
	summary[1] = least;
}
