// oneDNN's threads are the pool of the caller.
//
// oneDNN forks through OpenMP, whose waiting threads take the processors from others for milliseconds, which cannot be
// changed once the process runs. So the addresses through which it calls OpenMP's runtime are replaced, in its own
// table of addresses only: no other library sees it. Where that cannot be done, it keeps OpenMP's threads.
#include "common.h"

#if BACKPROP_ONEDNN

#include "openmp.h"

#include <atomic>

namespace backprop {

thread_local bool inside_library = false;

namespace {

struct team {
  void (*body)(void *);
  void *context;
  std::atomic<int> arrived{0};
  std::atomic<int> passed{0};
};

pool shared_pool = {nullptr, nullptr};

// What the thread does for oneDNN; none where it isn't in a team.
thread_local team *current = nullptr;
thread_local int current_rank = 0;
thread_local int current_size = 1;

[[maybe_unused]] void run_rank(void *context, int32_t rank, int32_t size) {
  team *const outer = current;
  const int outer_rank = current_rank, outer_size = current_size;
  current = static_cast<team *>(context), current_rank = rank, current_size = size;
  const bool was_inside = inside_library;
  inside_library = true;
  current->body(current->context);
  inside_library = was_inside;
  current = outer, current_rank = outer_rank, current_size = outer_size;
}

}  // namespace
}  // namespace backprop

#if defined(__linux__) && defined(__LP64__)

#include <dlfcn.h>
#include <link.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace backprop {
namespace {

// Whether the call comes from oneDNN's work for this package: a library that was linked into the program shares its
// table of addresses with others.
bool is_served() { return inside_library || current; }

template <typename Function>
Function real(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

int real_count(const char *name, int otherwise) {
  const auto function = real<int (*)()>(name);
  return function ? function() : otherwise;
}

void parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags) {
  if (!is_served()) {
    const auto function = real<void (*)(void (*)(void *), void *, unsigned, unsigned)>("GOMP_parallel");
    return function ? function(body, context, threads, flags) : body(context);
  }
  team made{body, context};
  const int wanted = threads == 0 ? shared_pool.threads() : static_cast<int>(threads);
  if (current || wanted <= 1) return run_rank(&made, 0, 1);
  shared_pool.run(wanted, run_rank, &made);
}

int thread_number() { return current ? current_rank : is_served() ? 0 : real_count("omp_get_thread_num", 0); }
int thread_count() { return current ? current_size : is_served() ? 1 : real_count("omp_get_num_threads", 1); }
int most_threads() { return is_served() ? shared_pool.threads() : real_count("omp_get_max_threads", 1); }
int is_parallel() { return current ? current_size > 1 : is_served() ? 0 : real_count("omp_in_parallel", 0); }

void barrier() {
  if (!current) {
    const auto function = real<void (*)()>("GOMP_barrier");
    if (function && !is_served()) function();
    return;
  }
  const int passed = current->passed.load();
  if (current->arrived.fetch_add(1) + 1 == current_size) {
    current->arrived.store(0);
    current->passed.fetch_add(1);
  } else {
    while (current->passed.load() == passed) sched_yield();
  }
}

const struct {
  const char *name;
  void *function;
} replacements[] = {
    {"GOMP_parallel", reinterpret_cast<void *>(parallel)},
    {"GOMP_barrier", reinterpret_cast<void *>(barrier)},
    {"omp_get_thread_num", reinterpret_cast<void *>(thread_number)},
    {"omp_get_num_threads", reinterpret_cast<void *>(thread_count)},
    {"omp_get_max_threads", reinterpret_cast<void *>(most_threads)},
    {"omp_in_parallel", reinterpret_cast<void *>(is_parallel)},
};

// MARK: The table of addresses of a loaded library (ELF gABI, chapter 5)

struct library {
  ElfW(Addr) base = 0, relro = 0, relro_end = 0;
  const ElfW(Sym) *symbols = nullptr;
  const char *names = nullptr;
  const ElfW(Rela) *tables[2] = {};
  size_t sizes[2] = {};
};

// Other systems' loaders leave offsets in the dynamic section.
template <typename Pointer>
Pointer pointer(const library &l, ElfW(Addr) address) {
  return reinterpret_cast<Pointer>(address < l.base ? l.base + address : address);
}

void read_dynamic(library &l, const ElfW(Dyn) *entry) {
  for (; entry->d_tag != DT_NULL; ++entry) {
    switch (entry->d_tag) {
      case DT_SYMTAB: l.symbols = pointer<const ElfW(Sym) *>(l, entry->d_un.d_ptr); break;
      case DT_STRTAB: l.names = pointer<const char *>(l, entry->d_un.d_ptr); break;
      case DT_JMPREL: l.tables[0] = pointer<const ElfW(Rela) *>(l, entry->d_un.d_ptr); break;
      case DT_PLTRELSZ: l.sizes[0] = entry->d_un.d_val; break;
      case DT_RELA: l.tables[1] = pointer<const ElfW(Rela) *>(l, entry->d_un.d_ptr); break;
      case DT_RELASZ: l.sizes[1] = entry->d_un.d_val; break;
      default: break;
    }
  }
}

// The library that has this address.
int read_library(dl_phdr_info *info, size_t, void *context) {
  auto &[address, found] = *static_cast<std::pair<ElfW(Addr), library> *>(context);
  bool is_here = false;
  const ElfW(Dyn) *dynamic = nullptr;
  found = library();
  found.base = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto &header = info->dlpi_phdr[i];
    const ElfW(Addr) begin = info->dlpi_addr + header.p_vaddr, end = begin + header.p_memsz;
    if (header.p_type == PT_LOAD) is_here |= address >= begin && address < end;
    if (header.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn) *>(begin);
    if (header.p_type == PT_GNU_RELRO) found.relro = begin, found.relro_end = end;
  }
  if (is_here && dynamic) read_dynamic(found, dynamic);
  return is_here;
}

bool replace(const library &l, ElfW(Addr) slot, void *function) {
  const ElfW(Addr) page = static_cast<ElfW(Addr)>(sysconf(_SC_PAGESIZE)), begin = slot & ~(page - 1);
  void *const start = reinterpret_cast<void *>(begin);
  if (mprotect(start, page, PROT_READ | PROT_WRITE) != 0) return false;
  __atomic_store_n(reinterpret_cast<void **>(slot), function, __ATOMIC_RELEASE);
  if (slot >= l.relro && slot < (l.relro_end & ~(page - 1))) mprotect(start, page, PROT_READ);
  return true;
}

}  // namespace

bool use_pool(const pool &given) {
  std::pair<ElfW(Addr), library> found;
  found.first = reinterpret_cast<ElfW(Addr)>(dlsym(RTLD_DEFAULT, "dnnl_sgemm"));
  if (!found.first || dl_iterate_phdr(read_library, &found) == 0) return false;
  const library &l = found.second;
  if (!l.symbols || !l.names) return false;
  shared_pool = given;
  size_t replaced = 0;
  for (int table = 0; table < 2; ++table) {
    for (size_t i = 0; l.tables[table] && i < l.sizes[table] / sizeof(ElfW(Rela)); ++i) {
      const auto &relocation = l.tables[table][i];
      const auto symbol = ELF64_R_SYM(relocation.r_info);
      if (symbol == 0) continue;
      for (const auto &replacement : replacements) {
        if (std::strcmp(l.names + l.symbols[symbol].st_name, replacement.name) != 0) continue;
        replaced += replace(l, l.base + relocation.r_offset, replacement.function);
      }
    }
  }
  return replaced > 0;
}

}  // namespace backprop

#else

namespace backprop {
bool use_pool(const pool &given) {
  shared_pool = given;
  return false;
}
}  // namespace backprop

#endif
#endif
