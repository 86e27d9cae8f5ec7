sluice_channel(ghost HEADER no/such/header.hpp TYPE ghost)
