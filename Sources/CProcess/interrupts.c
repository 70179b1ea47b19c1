#include "CProcess.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

enum { INTERRUPTED = 130 };  // 128 + SIGINT, as shells count

static _Atomic int32_t interrupted = 0;
static _Atomic int32_t only_requests = 0;

// Nothing but lock-free atomics and `_exit`: other threads may hold any lock, and `exit` would run destructors while
// they compute.
static void handle(int number) {
  if (!atomic_load(&only_requests)) _exit(INTERRUPTED);
  if (atomic_exchange(&interrupted, 1) && number == SIGINT) _exit(INTERRUPTED);
}

static void catch_signal(int number) {
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
  // The parent process may have blocked signals, as threads of Dispatch do.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void backprop_end_when_interrupted(void) { catch_signal(SIGINT); }

void backprop_request_when_interrupted(void) {
  atomic_store(&only_requests, 1);
  catch_signal(SIGINT);
  catch_signal(SIGTERM);
  struct sigaction hangup;
  if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) catch_signal(SIGHUP);
}

int32_t backprop_is_interrupted(void) { return atomic_load(&interrupted); }
