sluice_channel(twice HEADER sluice/cores/sync.hpp TYPE sluice::cores::sync)
sluice_channel(twice HEADER sluice/cores/mutex.hpp TYPE sluice::cores::mutex)
