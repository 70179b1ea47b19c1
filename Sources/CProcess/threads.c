#include <pthread.h>
#include <stdlib.h>

#include "CProcess.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_at_gate(void *context) {
  pthread_mutex_lock(&gate);
  pthread_mutex_unlock(&gate);
  return context;
}

// All at once, as a limit counts those that live at the same time.
int32_t backprop_granted_threads(int32_t count) {
  if (count <= 1) return 1;
  pthread_t *threads = malloc((size_t)(count - 1) * sizeof *threads);
  if (!threads) return 1;
  int32_t made = 0;
  pthread_mutex_lock(&gate);
  while (made < count - 1 && pthread_create(&threads[made], NULL, wait_at_gate, NULL) == 0) made++;
  pthread_mutex_unlock(&gate);
  for (int32_t i = 0; i < made; i++) pthread_join(threads[i], NULL);
  free(threads);
  return 1 + made;
}
