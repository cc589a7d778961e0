"""What a processor's HTTP answer means for the job and for the lane."""
